/** The pattern of a route as a whole, of few values: prefixes with what they matched put back as parameters. */
import type { IncomingMessage } from 'node:http'

/** What Express puts on requests. */
interface RoutedRequest extends IncomingMessage {
  readonly baseUrl?: string
  readonly params?: Readonly<Record<string, unknown>>
}

/** Of an owned route, which may lie below a prefix of the app. */
export function fullRoute(req: RoutedRequest, pattern: string): string {
  const { baseUrl } = req
  if (baseUrl === undefined || baseUrl === '') return pattern
  return prefixOf(baseUrl, req.params) + (pattern === '/' ? '' : pattern)
}

function prefixOf(baseUrl: string, params: RoutedRequest['params']): string {
  let prefix = baseUrl
  for (const [name, value] of Object.entries(params ?? {})) {
    if (typeof value !== 'string' || value === '') continue
    const segments = prefix.split('/')
    const at = segments.findIndex((segment) => decoded(segment) === value)
    if (at !== -1) prefix = segments.with(at, `:${name}`).join('/')
  }
  return prefix
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}
