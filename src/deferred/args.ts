/**
 * Arguments of a job as the text that its record holds, and back. What the text would silently change is refused where it
 * is enqueued, with its path, instead of surprising the attempt later.
 *
 *     (nothing)      the task takes none
 *     <JSON>         plain JSON
 *     #1 <JSON>      JSON with tags; see src/codec
 *     !<sealed>      either of them, encrypted
 */
import { Codecs, Fault } from '../codec'
import { ArgsTooLargeError, InvalidArgsError, NoSecretsError, UnreadableArgsError } from './errors'
import type { TaskPlan } from './task-plan'

/** Encrypts under the newest of several secrets and opens what any of them closed. */
export interface PayloadSeal {
  /** @param name what the text is for; it opens under no other name. */
  close(name: string, payload: string): string
  /** `null` = closed under none of the secrets, or under another name. */
  open(name: string, text: string): { readonly payload: string } | null
}

export interface ArgsWorld {
  readonly codecs: Codecs
  /** `null` = no secrets. */
  readonly seal: PayloadSeal | null
  readonly encrypt: boolean
  /** Largest text, before encryption. */
  readonly maxBytes: number
}

const sealedMark = '!'

export class Args {
  readonly #codecs: Codecs
  /** For tasks on threads of their own, where nobody declares codecs. */
  readonly #threadCodecs = new Codecs()
  readonly #seal: PayloadSeal | null
  /** What new arguments are closed with. */
  readonly #closing: PayloadSeal | null
  readonly #maxBytes: number

  /** @throws NoSecretsError */
  constructor({ codecs, seal, encrypt, maxBytes }: ArgsWorld) {
    if (encrypt && seal === null) throw new NoSecretsError({})
    this.#codecs = codecs
    this.#seal = seal
    this.#closing = encrypt ? seal : null
    this.#maxBytes = maxBytes
  }

  /** @throws InvalidArgsError, ArgsTooLargeError */
  encode(plan: TaskPlan, args: unknown): string {
    if (args === undefined) return ''
    const text = writeArgs(plan.name, args, plan.thread === null ? this.#codecs : this.#threadCodecs)
    // A UTF-16 unit takes at most three bytes of UTF-8, so most texts need no counting.
    if (text.length * 3 > this.#maxBytes) {
      const bytes = Buffer.byteLength(text)
      if (bytes > this.#maxBytes)
        throw new ArgsTooLargeError({ task: plan.name, bytes, limit: this.#maxBytes })
    }
    return this.#closing === null ? text : sealedMark + this.#closing.close(sealName(plan.name), text)
  }

  /** A fresh copy for one attempt. @throws UnreadableArgsError */
  decode(task: string, job: string, text: string): unknown {
    if (text === '') return undefined
    try {
      return this.#codecs.decode(text.startsWith(sealedMark) ? this.#open(task, text) : text)
    } catch (cause) {
      throw unreadable(task, job, cause)
    }
  }

  /** The text as it was before encryption. @throws UnreadableArgsError */
  unsealed(task: string, job: string, text: string): string {
    try {
      return text.startsWith(sealedMark) ? this.#open(task, text) : text
    } catch (cause) {
      throw unreadable(task, job, cause)
    }
  }

  /** For lists: arguments that cannot be read are shown as `undefined`. */
  shown(task: string, text: string): unknown {
    try {
      return this.decode(task, '', text)
    } catch {
      return undefined
    }
  }

  #open(task: string, text: string): string {
    if (this.#seal === null) throw new Error('they are encrypted, and this runtime has no secrets')
    const opened = this.#seal.open(sealName(task), text.slice(sealedMark.length))
    if (opened === null) throw new Error('they are encrypted, and none of the secrets opens them')
    return opened.payload
  }
}

/** For those who have no codecs and no secrets: plain JSON as its value, anything else as the text it is. */
export function plainArgs(text: string): unknown {
  if (text === '') return null
  return /^[#!]/.test(text) ? text : JSON.parse(text)
}

/** @throws InvalidArgsError */
export function writeArgs(task: string, args: unknown, codecs: Codecs): string {
  try {
    return codecs.encode(args)
  } catch (fault) {
    if (!(fault instanceof Fault)) throw fault
    const { path, problem, cause } = fault
    throw new InvalidArgsError({ task, path: `args${path}`, problem }, { cause })
  }
}

/** Arguments of one task open as those of no other. */
function sealName(task: string): string {
  return `job ${task}`
}

function unreadable(task: string, job: string, cause: unknown): UnreadableArgsError {
  const problem = cause instanceof Error ? cause.message : String(cause)
  return new UnreadableArgsError({ task, job, problem }, { cause })
}
