/** The port through which a broadcast reaches everybody who listens, in this process or, later, in others. */

/** Receives every message published to a stream after it subscribed. Must not throw. */
export type BusReceiver = (message: string) => void

export interface Bus {
  /**
   * Delivers the stream's messages to `receiver`, in the order they were published.
   *
   * @returns ends the subscription; any number of times.
   */
  subscribe(stream: string, receiver: BusReceiver): () => void
  /** @param message text, usually JSON: a bus between processes carries nothing else. */
  publish(stream: string, message: string): void
}
