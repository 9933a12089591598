/**
 * `Current` attributes, as Rails has them: values that belong to one unit of work (user, tenant), set in
 * any middleware and read in controllers, services, jobs, subscribers and channels, without passing them on.
 */
import { isThenable, type Scope, warnOnce } from '../kernel'
import type { CarrierRoom } from './carrier-room'
import { type Context, currentContext, runInContext } from './context'
import { ClosedContextError, NoContextError } from './errors'
import { scopeAttributes } from './log-scope'
import { readableAttributes } from './stale-reads'

/** How an attribute travels into a job: `dump` to a JSON value at enqueue, `load` back before it performs. */
export interface AttributeSerializer<T> {
  readonly dump: (value: T) => unknown
  readonly load: (dumped: never) => T | null | undefined | Promise<T | null | undefined>
}

type CurrentClass<A extends object> = (abstract new () => CurrentAttributes<A>) & {
  readonly serializers?: { readonly [K in keyof A]?: AttributeSerializer<NonNullable<A[K]>> }
}

/**
 * Extend it once per application:
 *
 *     class Current extends CurrentAttributes<{ user: User; tenant: string }> {
 *       static serializers = { user: { dump: (user) => user.id, load: (id) => User.find(id) } }
 *     }
 *     Current.set({ user })            // in an Express middleware, after rage.context()
 *     Current.get('user')              // anywhere below it
 *
 * Attributes are copied into work that the unit causes, and gone when it ends.
 */
export abstract class CurrentAttributes<Attributes extends object = Record<string, unknown>> {
  /** Only in the types. */
  declare protected readonly attributes: Attributes

  /**
   * The attribute's value, or `undefined` when it was not set, or no unit of work is running. So it is, with a warning,
   * where the unit has ended (a request: its response is closed): what still runs there may belong to somebody else.
   */
  static get<A extends object, K extends keyof A & string>(this: CurrentClass<A>, name: K): A[K] | undefined {
    const values = readableAttributes(currentContext(), 'read', this.name)?.get(this)
    // "constructor" is nothing anybody has set.
    return values !== undefined && Object.hasOwn(values, name) ? (values[name] as A[K]) : undefined
  }

  /**
   * Sets attributes for the rest of the unit of work or, with `work`, only for that and what it awaits: work that runs at the
   * same time does not see them. Whatever `work` sets ends with it.
   *
   * @throws NoContextError outside of any unit of work; ClosedContextError after its end.
   */
  static set<A extends object>(this: CurrentClass<A>, values: Partial<A>): void
  static set<A extends object, T>(this: CurrentClass<A>, values: Partial<A>, work: () => T): T
  static set<A extends object, T>(this: CurrentClass<A>, values: Partial<A>, work?: () => T): T | undefined {
    const context = currentContext()
    if (context === null) throw new NoContextError({ name: this.name })
    if (context.closed) throw new ClosedContextError({ name: this.name, kind: context.kind })
    // Put back afterwards in the one context, they would be seen by the tenant beside.
    const target = work === undefined ? context : scopeAttributes(context)
    write(target, this, { ...target.attributes?.get(this), ...values })
    return work === undefined ? undefined : runInContext(target, work)
  }

  /** Forgets every attribute of this class in the running unit of work. */
  static reset<A extends object>(this: CurrentClass<A>): void {
    currentContext()?.attributes?.delete(this)
  }
}

function write(context: Context, owner: object, values: Record<string, unknown>): void {
  context.attributes ??= new Map()
  context.attributes.set(owner, values)
}

/** Attribute values as they travel: by class name, then attribute name. */
export type DumpedAttributes = Readonly<Record<string, Readonly<Record<string, unknown>>>>

/** Which classes each runtime has: of the others nothing could be loaded in a job, or it would be a namesake's. */
const registered = new WeakMap<Scope, WeakSet<object>>()

/** Values of the class travel from work of the runtime into its jobs. */
export function registerCurrent(type: object, scope: Scope): void {
  const types = registered.get(scope)
  if (types === undefined) registered.set(scope, new WeakSet([type]))
  else types.add(type)
}

/** The attributes of `context` that can travel and for which there is room; another is left out with one warning. */
export function dumpAttributes(context: Context, room: CarrierRoom): DumpedAttributes | null {
  if (context.attributes === null) return null
  const attributes = readableAttributes(context, 'taken into a job', 'Current')
  if (attributes === null) return null
  const types = registered.get(context.scope)
  const dumped: Record<string, Record<string, unknown>> = {}
  for (const [owner, values] of attributes) {
    const type = owner as CurrentClass<Record<string, unknown>>
    if (types?.has(type) !== true) {
      warnOfUnregistered(type.name, values)
      continue
    }
    for (const [name, value] of Object.entries(values)) {
      const travelling = dumpOne(type, name, value, room)
      if (travelling !== undefined) (dumped[type.name] ??= {})[name] = travelling
    }
  }
  return Object.keys(dumped).length === 0 ? null : dumped
}

function warnOfUnregistered(name: string, values: Record<string, unknown>): void {
  if (Object.values(values).every((value) => value === undefined)) return
  warnOnce(
    'RAGE_W006',
    `Attributes of ${name} were left out of a job: the class is not registered, and its values end with their unit of work. ` +
      `Call rage.register(${name}) before boot for them to travel.`,
    name,
  )
}

function dumpOne(
  type: CurrentClass<Record<string, unknown>>,
  name: string,
  value: unknown,
  room: CarrierRoom,
): unknown {
  if (value === undefined) return undefined
  try {
    const serializer = value === null ? undefined : type.serializers?.[name]
    const dumped = serializer === undefined ? value : serializer.dump(value as NonNullable<unknown>)
    // Nothing waits for it: an enqueue writes the job at once. What it fails with must not end the process.
    if (isThenable(dumped)) Promise.resolve(dumped).catch(() => undefined)
    if (isJson(dumped)) {
      const fits = room.take(`Attribute "${name}" of ${type.name}`, { [type.name]: { [name]: dumped } })
      return fits ? dumped : undefined
    }
  } catch {
    // Falls through to the warning: a request never fails because an attribute cannot travel.
  }
  warnOnce(
    'RAGE_W001',
    `Attribute "${name}" of ${type.name} cannot travel into a job and was left out. ` +
      `Give ${type.name}.serializers.${name} a dump that answers a JSON value at once, and a load.`,
    `${type.name}.${name}`,
  )
  return undefined
}

function isJson(value: unknown): boolean {
  if (value === null) return true
  if (typeof value !== 'object')
    return typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value)
  if (Array.isArray(value)) return value.every(isJson)
  const prototype = Object.getPrototypeOf(value)
  return (prototype === Object.prototype || prototype === null) && Object.values(value).every(isJson)
}

/** Puts dumped attributes back; classes that are not in `owners` are skipped. */
export async function loadAttributes(
  context: Context,
  dumped: DumpedAttributes,
  owners: readonly (abstract new () => CurrentAttributes<object>)[],
): Promise<void> {
  for (const owner of owners) {
    const values = dumped[owner.name]
    if (values === undefined) continue
    const type = owner as unknown as CurrentClass<Record<string, unknown>>
    const loaded: Record<string, unknown> = {}
    for (const [name, value] of Object.entries(values)) {
      const load = type.serializers?.[name]?.load as ((dumped: unknown) => unknown) | undefined
      loaded[name] = load === undefined || value === null ? value : await load(value)
    }
    write(context, owner, loaded)
  }
}
