/** A channel class compiled at boot: its actions, callbacks and rescues, settled once. */
import type { AnyClass } from '../kernel'
import { declarationsOf } from './callbacks'
import { type AnyChannel, Channel, type ChannelSeed } from './channel'
import type { Connection } from './connection'
import { UnknownCallbackError } from './errors'
import { channelNameOf } from './stream-name'

type Method = (this: AnyChannel, argument: unknown) => unknown

export interface ChannelPlan {
  readonly name: string
  readonly create: (seed: ChannelSeed<Connection, object>) => AnyChannel
  /** What clients may call, by name. A Map: `constructor` and `__proto__` are not in it. */
  readonly actions: ReadonlyMap<string, Method>
  readonly before: readonly ((channel: AnyChannel) => unknown)[]
  readonly after: readonly ((channel: AnyChannel) => unknown)[]
  /** Nearest first. */
  readonly rescues: readonly Rescue[]
}

export interface Rescue {
  readonly type: AnyClass
  readonly handle: (error: unknown, channel: AnyChannel) => unknown
}

/** @throws UnknownCallbackError, UnnamedChannelError */
export function compileChannel(type: AnyClass): ChannelPlan {
  const methods = methodsOf(type)
  const hidden = new Set<string>()
  const methodNamed = (name: string): Method => {
    const method = methods.get(name)
    if (method === undefined) throw new UnknownCallbackError({ channel: type.name, name })
    hidden.add(name)
    return method
  }
  const before: ChannelPlan['before'][number][] = []
  const after: ChannelPlan['after'][number][] = []
  const rescues: Rescue[] = []

  for (const declared of declarationsOf(type)) {
    if (declared.kind === 'rescue') {
      rescues.unshift({ type: declared.type, handle: rescueFor(declared.handler, methodNamed) })
    } else {
      const callback = callbackFor(declared.callback, methodNamed)
      if (declared.kind === 'before') before.push(callback)
      else after.push(callback)
    }
  }
  for (const name of hidden) methods.delete(name)
  for (const name of methods.keys()) if (name.startsWith('_')) methods.delete(name)

  // The class is known to extend Channel and to be concrete: register() checked the one, users see to the other.
  const Type = type as unknown as new (seed: ChannelSeed<Connection, object>) => AnyChannel
  return {
    name: channelNameOf(type),
    create: (seed) => new Type(seed),
    actions: methods,
    before,
    after,
    rescues,
  }
}

/** Methods that the class and its ancestors below Channel declare; nothing that Channel or Object also has. */
function methodsOf(type: AnyClass): Map<string, Method> {
  const methods = new Map<string, Method>()
  for (let at: object = type.prototype; at !== Channel.prototype; at = Object.getPrototypeOf(at)) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(at))) {
      if (typeof value === 'function' && !(name in Channel.prototype) && !methods.has(name))
        methods.set(name, value)
    }
  }
  return methods
}

function callbackFor(
  callback: string | ((channel: never) => unknown),
  methodNamed: (name: string) => Method,
): (channel: AnyChannel) => unknown {
  if (typeof callback === 'function') return callback as (channel: AnyChannel) => unknown
  const method = methodNamed(callback)
  return (channel) => method.call(channel, undefined)
}

function rescueFor(
  handler: string | ((error: never, channel: never) => unknown),
  methodNamed: (name: string) => Method,
): Rescue['handle'] {
  if (typeof handler === 'function') return handler as Rescue['handle']
  const method = methodNamed(handler)
  return (error, channel) => method.call(channel, error)
}
