import { openConnection } from '../support/load-connection.ts';

/** What a server said to a call, and which secrets it may say there. */
export type Recorded = {
  readonly label: string;
  readonly status: number;
  /** Headers and body. */
  readonly text: string;
  readonly may: readonly string[];
};

export type CallOptions = {
  readonly headers?: Readonly<Record<string, string>>;
  /** Names of secrets that belong into the answer. */
  readonly may?: readonly string[];
};

/** The fields of an answer that a run goes on with. */
export type AnswerFields = {
  readonly key?: { readonly id: string };
  readonly consumer?: { readonly id: string };
  readonly token?: string;
  readonly webhook?: { readonly id: string };
  readonly secret?: string;
  readonly accessToken?: string;
  readonly drawId?: string;
  readonly keyId?: string;
};

/** Makes calls and keeps all that comes back. */
export type Recorder = {
  readonly answers: readonly Recorded[];
  /** Posts JSON (or a text as it is) to an RPC such as `AdminService/GetKey`, or to a path with a leading slash. */
  readonly post: (method: string, token: string, body: unknown, options?: CallOptions) => Promise<Recorded>;
  /** The same where success is expected; gives the message. */
  readonly must: (
    method: string,
    token: string,
    body: unknown,
    options?: CallOptions,
  ) => Promise<AnswerFields>;
  readonly get: (path: string) => Promise<Recorded>;
  /** Keeps what came back in another way. */
  readonly keep: (label: string, text: string) => void;
  readonly close: () => void;
};

export function createRecorder(url: string): Recorder {
  const connection = openConnection();
  const answers: Recorded[] = [];
  const record = (
    label: string,
    may: readonly string[],
    answer: Awaited<ReturnType<typeof connection.get>>,
  ) => {
    const text = `${JSON.stringify(answer.headers)}\n${answer.body}`;
    const recorded = { label, status: answer.status, text, may };
    answers.push(recorded);
    return { recorded, body: answer.body };
  };
  const send = async (method: string, token: string, body: unknown, options: CallOptions = {}) => {
    const path = method.startsWith('/') ? method : `/keypool.v1.${method}`;
    const bytes = typeof body === 'string' ? body : JSON.stringify(body);
    const headers = { ...(token === '' ? {} : { authorization: `Bearer ${token}` }), ...options.headers };
    return record(method, options.may ?? [], await connection.post(`${url}${path}`, bytes, headers));
  };
  return {
    answers,
    post: async (...call) => (await send(...call)).recorded,
    must: async (...call) => {
      const { recorded, body } = await send(...call);
      if (recorded.status !== 200)
        throw new Error(`${recorded.label} was refused with ${recorded.status}: ${body}`);
      return JSON.parse(body);
    },
    get: async (path) => record(path, [], await connection.get(`${url}${path}`)).recorded,
    keep: (label, text) => void answers.push({ label, status: 0, text, may: [] }),
    close: connection.close,
  };
}
