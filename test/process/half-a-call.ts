import { once } from 'node:events';
import { request } from 'node:http';

const WHO_AM_I = 'keypool.v1.AuthService/WhoAmI';

/** A call whose head the server has read, and half of whose body; `finish` sends the rest and waits for the answer. */
export async function halfACall(url: string, token: string) {
  const calling = request(`${url}/${WHO_AM_I}`, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      Authorization: `Bearer ${token}`,
      'Content-Length': 2,
      // The server says so when it has read the head.
      Expect: '100-continue',
    },
  });
  const answered = once(calling, 'response');
  answered.catch(() => {});
  calling.flushHeaders();
  await once(calling, 'continue');
  calling.write('{');
  return {
    answered,
    finish: async (): Promise<number | undefined> => {
      calling.end('}');
      const [response] = await answered;
      response.resume();
      return response.statusCode;
    },
  };
}
