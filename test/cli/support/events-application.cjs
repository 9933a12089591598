/**
 * An application with events. Says `ready`.
 *
 *     node events-application.cjs <dist> <storage> [more]
 *
 * `more`: with one subscriber more than without.
 */
const [, , dist, storage, more] = process.argv
const { createRage, Subscriber, trait } = require(`${dist}/src`)

class OrderEvent {}
const Audited = trait(function Audited(Base) {
  return class extends Base {}
})
class OrderPlaced extends Audited(OrderEvent) {}
class CartLeft {}

class WriteLog extends Subscriber {
  static on = [OrderEvent]
  call() {}
}
class SendReceipt extends Subscriber {
  static on = [OrderPlaced]
  static deferred = true
  call() {}
}
class KeepRecord extends Subscriber {
  static on = [Audited]
  call() {}
}
class CallBack extends Subscriber {
  static on = [CartLeft]
  call() {}
}

const rage = createRage({ storage, logger: { level: 'silent' } })
rage.register(WriteLog, SendReceipt, KeepRecord)
if (more === 'more') rage.register(CallBack)

async function main() {
  await rage.boot()
  await rage.events.publish(new CartLeft())
  process.stdout.write('ready\n')
  setInterval(() => undefined, 1_000)
}

main()
