/** What rage.all infers. */
import type { Rage } from '../../src'

declare const rage: Rage

export async function check(): Promise<void> {
  const [a, b, c] = await rage.all([
    async (signal) => {
      signal satisfies AbortSignal
      return 1
    },
    () => 'two' as const,
    Promise.resolve(true),
  ])
  a satisfies number
  b satisfies 'two'
  c satisfies boolean
  // @ts-expect-error a number is no string
  a satisfies string

  const list = await rage.all([1, 2].map((n) => async () => n))
  list satisfies number[]

  // @ts-expect-error neither a function nor a promise
  await rage.all([1])
}
