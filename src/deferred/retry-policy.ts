/** What follows a failed attempt: another one after some seconds, or the end. */
import { InvalidOptionError, showable } from '../kernel'
import type { TaskPlan } from './task-plan'
import { Unrecoverable } from './unrecoverable'

/** Why a job will not be attempted again by itself. */
export type DeathReason = 'exhausted' | 'stopped' | 'unrecoverable' | 'crashed'

export type RetryDecision = { readonly inSeconds: number } | { readonly dead: DeathReason }

/** No further away: a curve that grows without bound leaves the calendar. */
const longestWaitSeconds = 365 * 24 * 60 * 60

/** Rage's backoff: 11 to 25 s after the first attempt, about two days after the twentieth. */
export function defaultRetryIn(attempt: number): number {
  return attempt ** 4 + 10 + Math.floor(Math.random() * 15) * attempt
}

/**
 * Decides after attempt number `attempt` failed with `error`.
 *
 * @param complain told when the task's own `retryIn` throws or answers nonsense; the default backoff is used then,
 * because a fault in it must not lose the job.
 */
export function retryPolicy(
  plan: TaskPlan,
  error: unknown,
  attempt: number,
  complain: (fault: unknown) => void,
): RetryDecision {
  if (error instanceof Unrecoverable) return { dead: 'unrecoverable' }
  if (attempt > plan.retries) return { dead: 'exhausted' }
  try {
    const answer: unknown = plan.type.retryIn(error, attempt)
    if (answer === false) return { dead: 'stopped' }
    if (typeof answer === 'number' && answer >= 0 && Number.isFinite(answer))
      return { inSeconds: Math.min(answer, longestWaitSeconds) }
    complain(
      new InvalidOptionError({
        option: `${plan.name}.retryIn()`,
        expected: 'seconds from 0, or false',
        given: answer,
      }),
    )
  } catch (fault) {
    complain(showable(fault))
  }
  return { inSeconds: defaultRetryIn(attempt) }
}
