/** Statuses by number or by Rails' symbol names: `404`, `'not_found'`. */
import { STATUS_CODES } from 'node:http'
import { didYouMean } from '../kernel'
import { UnknownStatusError } from './errors'

/** A number from 100 to 599, or a name such as `created`, `not_found`, `unprocessable_entity`. */
export type Status = number | StatusName
export type StatusName =
  | 'ok'
  | 'created'
  | 'accepted'
  | 'no_content'
  | 'moved_permanently'
  | 'found'
  | 'see_other'
  | 'not_modified'
  | 'bad_request'
  | 'unauthorized'
  | 'forbidden'
  | 'not_found'
  | 'conflict'
  | 'gone'
  | 'unprocessable_entity'
  | 'unprocessable_content'
  | 'too_many_requests'
  | 'internal_server_error'
  | 'service_unavailable'
  | (string & {})

const byName = new Map<string, number>(
  Object.entries(STATUS_CODES).map(([code, phrase]) => [
    phrase!.toLowerCase().replace(/[^a-z]+/g, '_'),
    Number(code),
  ]),
)
byName.set('unprocessable_content', 422)

/** @throws UnknownStatusError */
export function statusCode(status: Status): number {
  if (typeof status === 'number') {
    if (Number.isInteger(status) && status >= 100 && status <= 999) return status
    throw new UnknownStatusError({ given: status, hint: '' })
  }
  const code = byName.get(status)
  if (code === undefined)
    throw new UnknownStatusError({ given: status, hint: didYouMean(status, byName.keys()) })
  return code
}
