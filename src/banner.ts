import type { AdminToken } from './admin-token.ts';
import type { App } from './app.ts';
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

/** What a start tells people: where it listens, where everything is, what to try next. */
export function bannerText(app: App, database: string): string {
  const { url, adminToken, context } = app;
  const token = '$ADMIN_TOKEN';
  return [
    '',
    `Keypool ${context.version} listens on ${url}`,
    '',
    `  data         ${database}`,
    `  admin token  ${adminTokenText(adminToken)}`,
    `  encryption   ${context.sealer.keyId === null ? 'off (set ENCRYPTION_KEY)' : `on, key ${context.sealer.keyId}`}`,
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
