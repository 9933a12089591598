/** `rage.register`: knows by the base of a class which room it belongs to. */
import { type Cable, Channel, type ChannelClass, Connection, type ConnectionClass } from '../cable'
import { CurrentAttributes, registerCurrent } from '../context'
import { Controller } from '../controller'
import { type Deferred, Task, type TaskClass } from '../deferred'
import { type Events, Subscriber, type SubscriberClass } from '../events'
import { type AnyClass, NotRegistrableError, Registry, type Scope } from '../kernel'
import { type Telemetry, TelemetryHandler, type TelemetryHandlerClass } from '../telemetry'
import type { OwnedRoutes } from './owned-routes'

/** Any class that `rage.register` knows what to do with. */
export type Registrable = AnyClass

export type CurrentClass = abstract new () => CurrentAttributes<object>

interface Rooms {
  readonly scope: Scope
  readonly routes: OwnedRoutes
  readonly telemetry: Telemetry
  readonly deferred: Deferred
  readonly events: Events
  readonly cable: Cable
}

export class Registration {
  /** What travels is named by its class. */
  readonly #currentClasses = new Registry<CurrentClass>('CurrentAttribute')
  readonly #registered = new Set<Registrable>()
  readonly #rooms: () => Rooms

  /** @param rooms asked when the first class comes. */
  constructor(rooms: () => Rooms) {
    this.#rooms = rooms
  }

  /** Classes whose attributes travel into jobs. */
  get currentClasses(): readonly CurrentClass[] {
    return [...this.#currentClasses.values()]
  }

  /** A class that is known already stays as it is. @throws NotRegistrableError, DuplicateNameError, RegistrationClosedError */
  add(type: Registrable): void {
    if (this.#registered.has(type)) return
    this.#place(type)
    this.#registered.add(type)
  }

  #place(type: Registrable): void {
    const { scope, routes, telemetry, deferred, events, cable } = this.#rooms()
    if (extendsClass(type, Task)) deferred.register(type as unknown as TaskClass)
    else if (extendsClass(type, Subscriber)) events.register(type as unknown as SubscriberClass)
    else if (extendsClass(type, Channel)) cable.register(type as unknown as ChannelClass)
    else if (extendsClass(type, Connection)) cable.register(type as unknown as ConnectionClass)
    else if (extendsClass(type, Controller)) routes.register(type)
    else if (extendsClass(type, CurrentAttributes)) {
      this.#currentClasses.add(type.name, type as CurrentClass)
      registerCurrent(type, scope)
    } else if (extendsClass(type, TelemetryHandler))
      telemetry.register(type as unknown as TelemetryHandlerClass)
    else throw new NotRegistrableError({ given: typeof type === 'function' ? type.name : String(type) })
  }
}

const bases = [Task, Subscriber, Channel, Connection, Controller, CurrentAttributes, TelemetryHandler]

export function isRegistrable(value: unknown): value is AnyClass {
  return bases.some((base) => extendsClass(value, base))
}

function extendsClass(type: unknown, base: { readonly prototype: object }): boolean {
  return (
    typeof type === 'function' &&
    (type as { prototype?: unknown }).prototype instanceof (base as unknown as new () => object)
  )
}
