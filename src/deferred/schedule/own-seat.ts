/** The seat of a runtime that writes nothing down: nobody else asks for it, and it ends with the process. */
import type { SchedulerWorld } from './scheduler'

export class OwnSeat implements Pick<SchedulerWorld['seat'], 'take' | 'read' | 'write' | 'release'> {
  #text: string | null = null

  async take(): Promise<boolean> {
    return true
  }

  async read(): Promise<string | null> {
    return this.#text
  }

  async write(text: string): Promise<void> {
    this.#text = text
  }

  release(): void {}
}
