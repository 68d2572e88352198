// A path between the page and the server that can stall, as a dead network does, or be cut.

import { connect, createServer } from "node:net";

export class Relay {
  #pairs = new Set();
  #open = true;
  #stalled = false;

  static async to(server) {
    const relay = new Relay();
    relay.listener = createServer((near) => relay.#join(near, server.port));
    await new Promise((resolve) => relay.listener.listen(0, "127.0.0.1", resolve));
    relay.port = relay.listener.address().port;
    return relay;
  }

  get url() {
    return `http://127.0.0.1:${this.port}`;
  }

  #join(near, port) {
    if (!this.#open) return near.destroy();
    const far = connect(port, "127.0.0.1");
    const pair = [near, far];
    this.#pairs.add(pair);
    near.pipe(far);
    far.pipe(near);
    if (this.#stalled) pair.forEach((end) => end.pause());
    for (const end of pair) {
      end.on("error", () => {});
      end.on("close", () => {
        pair.forEach((one) => one.destroy());
        this.#pairs.delete(pair);
      });
    }
  }

  /** Nothing passes any more, and nobody is told. */
  stall() {
    this.#stalled = true;
    for (const pair of this.#pairs) pair.forEach((end) => (end.unpipe(), end.pause()));
  }

  /** All connections end, and none can be made. */
  cut() {
    this.#open = false;
    for (const pair of this.#pairs) pair.forEach((end) => end.destroy());
  }

  /** As before; what was stalled goes on. */
  mend() {
    this.#open = true;
    this.#stalled = false;
    for (const [near, far] of this.#pairs) {
      near.pipe(far);
      far.pipe(near);
    }
  }

  async end() {
    this.cut();
    await new Promise((resolve) => this.listener.close(resolve));
  }
}
