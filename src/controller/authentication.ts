/** Token and Basic authentication, by Rails' method names and rules. */
import { challenge, parseBasic, parseToken, secureCompare } from '../http'
import { InvalidOptionError, isThenable } from '../kernel'
import type { AnyController } from './controller'
import type { Exchange } from './exchange'

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

export function byToken<T>({ req }: Exchange, login: TokenLogin<T>): T | null {
  const found = parseToken(req.headers.authorization)
  return found === null ? null : login(found.token, found.options)
}

export function byBasic<T>({ req }: Exchange, login: BasicLogin<T>): T | null {
  const found = parseBasic(req.headers.authorization)
  return found === null ? null : login(found.name, found.password)
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

/** Calls `refuse` for a falsy answer, when it is there; callbacks wait for that (`Exchange.login`). */
export function orElse<T>(exchange: Exchange, answer: T, refuse: () => void): T {
  if (isThenable(answer)) {
    const login = answer.then((settled) => orElse(exchange, settled, refuse))
    exchange.login = login
    return login as T
  }
  if (!answer) refuse()
  return answer
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
