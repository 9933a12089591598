/** What the types of codecs must infer, and what must not compile. Checked by `tsc`, never run. */
import type { Rage } from '../../src'

class Money {
  readonly cents: bigint
  constructor(cents: bigint) {
    this.cents = cents
  }
}

export function mustCompile(rage: Rage): void {
  rage.deferred.codec('Money', {
    type: Money,
    encode: (money) => money.cents.toString(),
    decode: (cents: string) => new Money(BigInt(cents)),
  })
}

export function mustNotCompile(rage: Rage): void {
  rage.deferred.codec('Money', {
    type: Money,
    // @ts-expect-error there is no such field
    encode: (money) => money.euros,
    decode: (cents: string) => new Money(BigInt(cents)),
  })
  rage.deferred.codec('Money', {
    type: Money,
    encode: (money) => money.cents,
    // @ts-expect-error it does not make one
    decode: () => 7,
  })
  // @ts-expect-error decode is missing
  rage.deferred.codec('Money', { type: Money, encode: (money: Money) => money.cents })
}
