/** Both majors of Express, for `describe.each`. */
import express5 from 'express'
// The same types do for what the tests use.
import express4 from 'express4'

type Express = typeof express5

export const majors: readonly [string, Express][] = [
  ['Express 4', express4 as unknown as Express],
  ['Express 5', express5],
]
