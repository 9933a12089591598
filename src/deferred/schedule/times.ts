/** When a schedule fires, as a rule; epoch milliseconds. */
export interface Times {
  /** The first time after `time`; `null` = never again. */
  next(time: number): number | null
  /** The last time up to and including `time`; `null` = never before. */
  latest(time: number): number | null
}
