import { createKeypoolClient } from 'keypool/client';
import { createApi } from './api.ts';

const { KEYPOOL = 'http://127.0.0.1:8080', KEYPOOL_TOKEN = '', PORT = '3000' } = process.env;

/** `KEYPOOL_TOKEN` is of a consumer with the scopes `tokens.verify` and `usage.write`. */
const keypool = createKeypoolClient({ baseUrl: KEYPOOL, token: KEYPOOL_TOKEN });
const api = createApi(keypool);
console.log(`listening on ${await api.listen({ port: Number(PORT) })}`);

process.once('SIGTERM', async () => {
  await api.close();
  keypool.close();
});
