/**
 * What makes a job wait in the log, parked, instead of failing: this process cannot run it, but another version of the app may.
 */
import { UnreadableArgsError } from './errors'

/** Thrown by a task of the framework; the application is told of `reason`. */
export class UnrunnableError extends Error {
  readonly reason: Error

  constructor(reason: Error) {
    super(reason.message, { cause: reason })
    this.reason = reason
  }
}

/** Why a job is to be kept whose attempt ended with `error`; `null` = the attempt has failed. */
export function reasonToKeep(error: unknown): Error | null {
  if (error instanceof UnreadableArgsError) return error
  return error instanceof UnrunnableError ? error.reason : null
}

/** Jobs that are kept for the same reason have this in common: it is told once. */
export function keptAlike(task: string, error: unknown): string {
  return error instanceof UnrunnableError ? `${task}: ${error.message}` : `${task} args`
}
