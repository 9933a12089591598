/** What goes to a thread and comes back: all of it can be cloned from one thread to the other. */
import type { MessagePort } from 'node:worker_threads'
import type { Carrier } from '../../context'
import type { RunningJob } from '../task'
import type { Failure } from './failure'

/** One attempt. */
export interface ThreadJob {
  /** Path of the module that exports the task. */
  readonly file: string
  readonly task: string
  /** As src/codec writes them; no declared classes. */
  readonly args: string
  /** What `perform` returns is wanted. */
  readonly keepsResult: boolean
  readonly context: Carrier
  readonly facts: Omit<RunningJob, 'signal' | 'progress' | 'rateLimit'>
  /** Progress goes out here; a text that comes in aborts the signal, for that reason. */
  readonly port: MessagePort
}

export type Outcome =
  /** `problem`: why what `perform` returned is not the value, although it is wanted; else `null`. */
  | { readonly end: 'done'; readonly value: string; readonly problem: string | null }
  | { readonly end: 'failed'; readonly failure: Failure }
  /** `job.rateLimit(seconds)` */
  | { readonly end: 'limited'; readonly seconds: number }
  /** The module cannot be loaded, or has no such task. */
  | { readonly end: 'unusable'; readonly problem: string }
