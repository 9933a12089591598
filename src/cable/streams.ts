/**
 * Who receives which stream. A message is encoded and framed once per identifier, however many clients share
 * it. A stream exists, here and on the bus, while it has members.
 */
import type { Bus } from '../pubsub'
import { messageFrame } from './protocol'

/** One subscription, as the receiver of a stream. */
export interface StreamMember {
  readonly identifier: string
  /** Must not throw. */
  deliver(frame: Buffer): void
}

interface Stream {
  readonly members: Map<string, Set<StreamMember>>
  readonly leaveBus: () => void
}

export class Streams {
  readonly #bus: Bus
  readonly #streams = new Map<string, Stream>()

  constructor(bus: Bus) {
    this.#bus = bus
  }

  get size(): number {
    return this.#streams.size
  }

  /** How many subscriptions receive the stream here. */
  receivers(name: string): number {
    let count = 0
    for (const sharing of this.#streams.get(name)?.members.values() ?? []) count += sharing.size
    return count
  }

  /** Adding a member again does nothing. */
  add(name: string, member: StreamMember): void {
    const { members } = this.#streams.get(name) ?? this.#open(name)
    const sharing = members.get(member.identifier)
    if (sharing === undefined) members.set(member.identifier, new Set([member]))
    else sharing.add(member)
  }

  remove(name: string, member: StreamMember): void {
    const stream = this.#streams.get(name)
    const sharing = stream?.members.get(member.identifier)
    if (stream === undefined || sharing === undefined || !sharing.delete(member) || sharing.size > 0) return
    stream.members.delete(member.identifier)
    if (stream.members.size > 0) return
    this.#streams.delete(name)
    stream.leaveBus()
  }

  #open(name: string): Stream {
    const members: Stream['members'] = new Map()
    const stream = { members, leaveBus: this.#bus.subscribe(name, (json) => fanOut(members, json)) }
    this.#streams.set(name, stream)
    return stream
  }
}

// Hot path: bench/cable.mjs.
function fanOut(members: Stream['members'], json: string): void {
  for (const [identifier, sharing] of members) {
    const frame = messageFrame(identifier, json)
    for (const member of sharing) member.deliver(frame)
  }
}
