/**
 * Keeps the process alive while somebody waits for something that only timers of ours can bring about: those do not, and a
 * script that awaits it would end in the middle, without a word.
 */
export class StayAlive {
  #handle: NodeJS.Timeout | null = null

  /** Any number of times; one `end` ends it. */
  begin(): void {
    this.#handle ??= setInterval(() => undefined, longestMs)
  }

  end(): void {
    if (this.#handle === null) return
    clearInterval(this.#handle)
    this.#handle = null
  }
}

const longestMs = 2 ** 31 - 1
