/** A draw or another call as a `curl` command for a POSIX shell; `token` may be a shell expression. */
export function curlCommand(url: string, rpc: string, token: string, body: string): string {
  return `curl -sS ${url}/keypool.v1.${rpc} -H 'Content-Type: application/json' -H "Authorization: Bearer ${token}" -d '${body}'`;
}

/** The same by reflection over gRPC, which needs no file of the contract. */
export function bufCurlCommand(url: string, rpc: string, token: string, body: string): string {
  const cleartext = url.startsWith('http://') ? ' --http2-prior-knowledge' : '';
  return `npx buf curl --protocol grpc${cleartext} -H "Authorization: Bearer ${token}" -d '${body}' ${url}/keypool.v1.${rpc}`;
}
