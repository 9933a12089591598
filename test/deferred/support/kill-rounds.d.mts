export interface KillPlan {
  readonly kills: number
  readonly seconds: number
  readonly durability: 'sync' | 'interval'
  readonly seed: number
  readonly dist?: string
  readonly log?: (line: string) => void
}

export interface KillResult {
  readonly kills: number
  readonly duringBoot: number
  readonly acknowledged: number
  readonly ran: number
  readonly repeated: number
  readonly dead: number
  readonly lost: readonly string[]
  readonly parked: number
}

export function killRounds(plan: KillPlan): Promise<KillResult>
