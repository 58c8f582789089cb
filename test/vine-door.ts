/* More addresses for one vine. */
import { createServer, connect as dial, type Server, type Socket } from 'node:net';

/** Another address of a vine: a port of its own, which can be closed. */
export type Door = { readonly url: string; readonly open: () => number; close(): Promise<void> };

/** Opens one more address for the vine at this URL. */
export async function doorTo(vine: string): Promise<Door> {
  const { hostname, port } = new URL(vine);
  const sockets = new Set<Socket>();
  const server: Server = createServer((outside) => {
    const inside = dial(Number(port), hostname);
    sockets.add(outside);
    for (const [one, other] of [
      [outside, inside],
      [inside, outside],
    ] as const) {
      one.pipe(other);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        sockets.delete(outside);
        other.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const place = server.address();
  if (place === null || typeof place === 'string') throw new Error('no port');
  return {
    url: `nats://127.0.0.1:${place.port}`,
    open: () => sockets.size,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
