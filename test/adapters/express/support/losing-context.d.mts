import type { RequestHandler } from 'express'

export interface Services {
  readonly postgresUrl: string
  readonly redisUrl: string
  /** Of a server on this machine that answers each line with the same line. */
  readonly port: number
  readonly close: () => void
}

export interface Case {
  readonly name: string
  readonly loses?: true
  readonly needs?: 'postgres' | 'redis' | 'echo'
  readonly sent?: () => { readonly body: string | FormData; readonly headers: Record<string, string> }
  readonly make: (services: Services) => {
    readonly use: RequestHandler | RequestHandler[]
    readonly end?: () => unknown
  }
}

export const cases: readonly Case[]
export function services(urls: Pick<Services, 'postgresUrl' | 'redisUrl'>): Promise<Services>
export function callbackClient(
  port: number,
  open?: (work: () => unknown) => unknown,
): { ask: (text: string, done: (error: null, line: string) => void) => void; end: () => void }
