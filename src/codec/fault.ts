/** What a value cannot be written for. Rooms that take values make an error of their own of it. */
export class Fault extends Error {
  /** Where, from the value that was given: `.lines[0].price`; empty for the value itself. */
  readonly path: string
  /** `is a function`, `refers back to an object around it`. */
  readonly problem: string

  constructor(path: string, problem: string, cause?: unknown) {
    super(`${path} ${problem}`, { cause })
    this.path = path
    this.problem = problem
  }
}
