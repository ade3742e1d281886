import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** A line between the browser and a member that can be cut, as a cable can: what is open breaks, and nothing new comes through. */
export class Line {
  readonly #server: Server;
  readonly #open = new Set<Socket>();
  #whole = true;
  address = '';

  private constructor(target: URL) {
    this.#server = createServer((near) => {
      if (!this.#whole) return void near.destroy();
      const far = connect(Number(target.port), target.hostname);
      for (const socket of [near, far]) {
        this.#open.add(socket);
        // A socket that breaks while the line is cut is what is wanted.
        socket.on('error', () => undefined);
        socket.on('close', () => {
          this.#open.delete(socket);
          near.destroy();
          far.destroy();
        });
      }
      near.pipe(far).pipe(near);
    });
  }

  /** A line to `target`, on a free port of this machine. */
  static async to(target: string): Promise<Line> {
    const line = new Line(new URL(target));
    await new Promise<void>((ready) => line.#server.listen(0, '127.0.0.1', ready));
    line.address = `http://127.0.0.1:${(line.#server.address() as AddressInfo).port}`;
    return line;
  }

  cut(): void {
    this.#whole = false;
    for (const socket of this.#open) socket.destroy();
  }

  mend(): void {
    this.#whole = true;
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((closed) => this.#server.close(closed));
  }
}
