/** Token and Basic authentication, by Rails' method names and rules. */
import { challenge, parseBasic, parseToken, secureCompare } from '../http'
import { InvalidOptionError, isThenable } from '../kernel'
import type { AnyController } from './controller'
import type { Exchange } from './exchange'
import { Login } from './login'

/** Says who it is, or something falsy. May be asynchronous. */
export type TokenLogin<T> = (token: string, options: Readonly<Record<string, string>>) => T
export type BasicLogin<T> = (name: string, password: string) => T

export interface AuthenticationRequest {
  /** Shown to the client. @defaultValue `'Application'` */
  readonly realm?: string
  /** Text of the 401. @defaultValue `'HTTP Token: Access denied.\n'`, or `'HTTP Basic: ...'` */
  readonly message?: string
}

export interface BasicCredentials {
  readonly name: string
  readonly password: string
  /** @defaultValue `'Application'` */
  readonly realm?: string
}

export function byToken<T>(exchange: Exchange, login: TokenLogin<T>): T | null {
  const found = parseToken(exchange.req.headers.authorization)
  return found === null ? null : waitedFor(exchange, login(found.token, found.options))
}

export function byBasic<T>(exchange: Exchange, login: BasicLogin<T>): T | null {
  const found = parseBasic(exchange.req.headers.authorization)
  return found === null ? null : waitedFor(exchange, login(found.name, found.password))
}

/** An answer that comes later is waited for before the request is answered, whoever forgets it. */
function waitedFor<T>(exchange: Exchange, answer: T): T {
  return isThenable(answer) ? (Login.begin(answer, exchange, null) as T) : answer
}

/** Renders 401 with the challenge. */
export function demand(
  scheme: 'Token' | 'Basic',
  controller: AnyController,
  { res }: Exchange,
  { realm = 'Application', message = `HTTP ${scheme}: Access denied.\n` }: AuthenticationRequest,
): void {
  res.setHeader('WWW-Authenticate', challenge(scheme, realm))
  controller.render({ text: message, status: 'unauthorized' })
}

/** The callback of `httpBasicAuthenticateWith`. @throws InvalidOptionError */
export function basicAuthentication({ name, password, realm }: BasicCredentials) {
  for (const [option, given] of Object.entries({ name, password }))
    if (typeof given !== 'string' || given === '')
      // A secret missing from the environment must not become an empty password.
      throw new InvalidOptionError({
        option: `httpBasicAuthenticateWith.${option}`,
        expected: 'a text that is not empty',
        given,
      })
  return (controller: AnyController): void => {
    controller.authenticateOrRequestWithHttpBasic(
      (givenName, givenPassword) => {
        // Both are compared, whatever the first says.
        const isName = secureCompare(givenName, name)
        const isPassword = secureCompare(givenPassword, password)
        return isName && isPassword
      },
      realm === undefined ? {} : { realm },
    )
  }
}
