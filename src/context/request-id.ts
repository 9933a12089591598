/** Request ids: taken from the caller, cleaned exactly as Rails does it, or made. */
import { randomBytes } from 'node:crypto'
import { uuid } from './uuid'

const foreign = /[^\w\-@]/g
const maxLength = 255

/**
 * Source: ActionDispatch::RequestId, which keeps word characters, `-` and `@`, at most 255 of them; both
 * logs of a migration then agree on the id.
 *
 * @param given the header's value, if the request had one.
 */
export function requestIdFrom(given: string | readonly string[] | undefined): string {
  if (typeof given !== 'string' || given === '') return uuid()
  const clean = given.replace(foreign, '').slice(0, maxLength)
  return clean === '' ? uuid() : clean
}

const prefix = `${randomBytes(12).toString('base64url')}-`
let made = 0

/**
 * The id of work that no request caused. One random part per process: a UUID for each would cost more than all
 * the rest of a publish (bench/events.mjs), and the id of a job goes to disk (bench/jobs.mjs).
 */
export function ownRequestId(): string {
  made += 1
  return prefix + made
}

/** Whether the id was made by this process, of letters that need no escapes. */
export function isOwnRequestId(id: string): boolean {
  return id.startsWith(prefix)
}
