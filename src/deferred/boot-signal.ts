/** The end of boot, for those who enqueue before it. */
export class BootSignal {
  readonly #end: Promise<void>
  hasSucceeded = false
  succeed!: () => void
  fail!: (error: unknown) => void

  constructor() {
    this.#end = new Promise((resolve, reject) => {
      this.succeed = () => {
        this.hasSucceeded = true
        resolve()
      }
      this.fail = reject
    })
    // Boot itself reports its failure; here it may be that nobody waits.
    this.#end.catch(() => undefined)
  }

  wait(): Promise<void> {
    return this.#end
  }
}
