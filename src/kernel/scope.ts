/** The identity of one runtime: several of them in one process never mix, and this is what tells them apart. */

let count = 0

/** Made once by each runtime and handed to every room. */
export class Scope {
  /** For messages and logs; unique in the process. */
  readonly name: string

  constructor(name = 'rage') {
    count += 1
    this.name = count === 1 ? name : `${name}#${count}`
  }
}
