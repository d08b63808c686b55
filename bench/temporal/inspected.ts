import { once } from 'node:events';
import { WebSocket } from 'undici';

/** A Node.js process with `--inspect`, and the threads that it had when it was connected to. */
export interface Inspected {
  /** Frees what nothing refers to any more, in all threads. */
  collectGarbage(): Promise<void>;
  close(): void;
}

interface Message {
  id?: number;
  method?: string;
  params?: { sessionId: string; message?: string };
}

/** Connects to the inspector of a process, by Chrome's DevTools protocol. */
export async function inspect(port: number): Promise<Inspected> {
  const targets = (await (await fetch(`http://127.0.0.1:${port}/json`)).json()) as {
    webSocketDebuggerUrl: string;
  }[];
  const socket = new WebSocket(targets[0]!.webSocketDebuggerUrl);
  const answered = new Map<number, () => void>();
  const threads: string[] = [];
  const take = ({ id, method, params }: Message): void => {
    if (id !== undefined) answered.get(id)?.();
    if (method === 'NodeWorker.attachedToWorker') threads.push(params!.sessionId);
    if (method === 'NodeWorker.receivedMessageFromWorker') take(JSON.parse(params!.message!) as Message);
  };
  socket.addEventListener('message', ({ data }) => take(JSON.parse(String(data)) as Message));
  await once(socket, 'open');
  let lastId = 0;
  const ask = async (method: string, params: object, thread?: string): Promise<void> => {
    const id = ++lastId;
    const answer = new Promise<void>((resolve) => answered.set(id, resolve));
    const message = JSON.stringify({ id, method, params });
    const wrapped = {
      id: ++lastId,
      method: 'NodeWorker.sendMessageToWorker',
      params: { sessionId: thread, message },
    };
    socket.send(thread === undefined ? message : JSON.stringify(wrapped));
    await answer;
  };
  await ask('NodeWorker.enable', { waitForDebuggerOnStart: false });
  return {
    collectGarbage: async () => {
      for (const thread of [undefined, ...threads]) await ask('HeapProfiler.collectGarbage', {}, thread);
    },
    close: () => socket.close(),
  };
}
