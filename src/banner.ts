import type { AdminToken } from './admin-token.ts';
import { bufCurlCommand, curlCommand } from './shell-command.ts';

/** Where the admin token is, for people; shows it only when it is nowhere else. */
function adminTokenText(adminToken: AdminToken): string {
  switch (adminToken.source) {
    case 'environment':
      return 'as set in ADMIN_TOKEN';
    case 'file':
      return adminToken.path;
    case 'process':
      return `${adminToken.token} (for this process only)`;
  }
}

function exportCommand(adminToken: AdminToken): readonly string[] {
  if (adminToken.source === 'environment') return [];
  const value = adminToken.source === 'file' ? `$(cat ${adminToken.path})` : adminToken.token;
  return [`  export ADMIN_TOKEN=${value}`];
}

export interface BannerFacts {
  readonly url: string;
  /** Where the data is, without a credential. */
  readonly database: string;
  readonly version: string;
  /** Null when values are kept in plain text. */
  readonly encryptionKeyId: string | null;
  readonly adminToken: AdminToken;
  /** Of the processes that serve. */
  readonly pids: readonly number[];
}

function processesLine(pids: readonly number[]): readonly string[] {
  return pids.length === 1 ? [] : [`  processes    ${pids.length} (${pids.join(', ')})`];
}

/** What a start tells people: where it listens, where everything is, what to try next. */
export function bannerText(facts: BannerFacts): string {
  const { url, adminToken, encryptionKeyId } = facts;
  const token = '$ADMIN_TOKEN';
  return [
    '',
    `Keypool ${facts.version} listens on ${url}`,
    '',
    `  data         ${facts.database}`,
    `  admin token  ${adminTokenText(adminToken)}`,
    `  encryption   ${encryptionKeyId === null ? 'off (set ENCRYPTION_KEY)' : `on, key ${encryptionKeyId}`}`,
    ...processesLine(facts.pids),
    '',
    'Try next:',
    '',
    `  curl -sS ${url}/health`,
    ...exportCommand(adminToken),
    `  ${curlCommand(url, 'AdminService/GetStatus', token, '{}')}`,
    `  ${bufCurlCommand(url, 'AdminService/ListTiers', token, '{}')}`,
    '',
    'With something to draw: npm start -- --demo',
    '',
  ].join('\n');
}
