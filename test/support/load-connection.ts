import { Agent, type IncomingHttpHeaders, request } from 'node:http';

export type HttpAnswer = {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
};

/** One caller's kept-alive HTTP/1.1 connection, opened by the first call and anew when it broke. */
export type LoadConnection = {
  /** Sends JSON; rejects when no whole answer came. A header of undefined is left out. */
  readonly post: (
    url: string,
    body: string | Uint8Array,
    headers?: Readonly<Record<string, string>>,
  ) => Promise<HttpAnswer>;
  readonly get: (url: string) => Promise<HttpAnswer>;
  readonly close: () => void;
};

export function openConnection(): LoadConnection {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const send = (method: string, url: string, headers: Readonly<Record<string, string>>, body?: Uint8Array) =>
    new Promise<HttpAnswer>((resolve, reject) => {
      const call = request(url, { method, agent, headers }, (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('error', reject);
        answer.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: text });
        });
      });
      call.on('error', reject);
      call.end(body);
    });
  return {
    post: (url, body, headers = {}) => {
      const bytes = Buffer.from(body);
      const length = String(bytes.byteLength);
      return send(
        'POST',
        url,
        { 'content-type': 'application/json', 'content-length': length, ...headers },
        bytes,
      );
    },
    get: (url) => send('GET', url, {}),
    close: () => agent.destroy(),
  };
}
