/** Types of fault-rounds.mjs. */
export type Fault = 'shortWrites' | 'failingSync' | 'fullDisk' | 'clockJumps' | 'tornTail' | 'flippedBit'

export const allFaults: readonly Fault[]

export function faultRounds(plan: {
  readonly kills: number
  readonly seconds: number
  readonly seed: number
  readonly faults?: readonly Fault[]
  readonly dist?: string
  readonly log?: (line: string) => void
}): Promise<{
  readonly kills: number
  readonly duringBoot: number
  readonly refusedBoots: number
  readonly rounds: Readonly<Record<string, number>>
  readonly damages: number
  readonly damaged: number
  readonly parked: number
  readonly acknowledged: number
  readonly ran: number
  readonly repeated: number
  readonly dead: number
  readonly recoveries: number
  readonly slots: number
  readonly refusals: number
  readonly medianRefusalMs: number
  readonly slowestRefusalMs: number
  readonly keyed: number
  readonly duplicates: number
  readonly acrossRestarts: number
  readonly excused: number
  readonly lost: readonly string[]
  readonly early: readonly string[]
  readonly doubled: readonly string[]
  readonly together: readonly string[]
  readonly swallowed: readonly string[]
  readonly seconds: number
  readonly seed: number
}>
