/** What must infer, and what must not compile. */
import { Channel, type ChannelClass, Connection } from '../../src/cable'

class Members extends Connection {
  static {
    this.identifiedBy('user', 'tenant')
    // @ts-expect-error no such property
    this.identifiedBy('usr')
  }
  user!: { readonly id: number }
  tenant!: string
}

class NotFound extends Error {
  readonly what = 'post'
}

class Room extends Channel<Members, { readonly room: string }> {
  static {
    this.beforeSubscribe('check', (channel) => channel.params.room)
    // @ts-expect-error no such method
    this.beforeSubscribe('chekc')
    this.rescueFrom(NotFound, (error, channel) => channel.transmit([error.what, channel.connection.user.id]))
    this.rescueFrom(NotFound, 'check')
    // @ts-expect-error no such method
    this.rescueFrom(NotFound, 'chekc')
  }

  check(): boolean {
    return this.params.room !== ''
  }

  override async subscribed() {
    const id: number = this.connection.user.id
    this.streamFrom(`user:${id}`)
    this.streamFor('all')
    this.streamFor({ toStreamKey: () => 'key' })
    // @ts-expect-error names nothing
    this.streamFor({ name: 'x' })
    // @ts-expect-error undefined is no stream
    this.streamFrom(undefined)
    // @ts-expect-error not an identifier
    this.connection.usr
    // @ts-expect-error not a parameter
    this.params.rom
  }

  override receive(message: { readonly text: string }) {
    this.transmit(message.text)
  }
}

class Plain extends Channel {
  override subscribed() {
    const value: unknown = this.params.anything
    this.transmit(value)
  }
}

Room.broadcast('stream', { any: 'JSON' })
Room.broadcastTo('all', 1)
Plain.broadcastTo({ id: 7 }, null)
// @ts-expect-error a message is required
Room.broadcast('stream')
// @ts-expect-error names nothing
Room.broadcastTo(null, 1)

interface RoomParams {
  readonly room: string
}
class Declared extends Channel<Members, RoomParams> {}

export const registrable: readonly ChannelClass[] = [Room, Plain, Declared]
