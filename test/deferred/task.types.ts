/** What the types of a task must infer, and what must not compile. Checked by `tsc`, never run. */
import { type Deferred, type EnqueuedJob, type RunningJob, Task, type TaskClass } from '../../src/deferred'

class SendReceipt extends Task<{ orderId: string }> {
  static override retries = 3
  static override timeout = 30

  static override retryIn(error: Error, attempt: number): number | false {
    return error.name === 'TypeError' ? false : attempt * 10
  }

  override async perform(
    { orderId }: { orderId: string },
    { attempt, id, signal }: RunningJob,
  ): Promise<void> {
    await fetch(`/receipts/${orderId}/${id}/${attempt.toFixed()}`, { signal })
  }
}

/** Types of arguments come from the base class, whatever `perform` looks at. */
class Quick extends Task<{ orderId: string }> {
  static override retryIn = (): number => 10
  perform(): void {}
}

class CleanUp extends Task {
  perform(): void {}
}

class Remind extends Task<{ userId: number } | undefined> {
  perform(args: { userId: number } | undefined): number {
    return args?.userId ?? 0
  }
}

class Placed extends Task<{ userId: number }> {
  static override queue = 'mail'
  static override priority = -1
  static override concurrency = 2
  static override rateLimit = { max: 10, per: 1 }
  static override unique = ({ userId }: { userId: number }): string | null =>
    userId > 0 ? `${userId}` : null
  static override uniqueFor = 60

  perform(_args: { userId: number }, job: RunningJob): number {
    const status: number = 429
    if (status !== 429) return status
    // Nothing follows a wait: the compiler knows.
    return job.rateLimit(5)
  }
}

class ByArguments extends Task {
  static override unique = true
  perform(): void {}
}

// @ts-expect-error a queue has a name
export class NamelessQueue extends Task {
  static override queue = 5
  perform(): void {}
}

// @ts-expect-error a limit is of a time
export class TimelessLimit extends Task {
  static override rateLimit = { max: 10 }
  perform(): void {}
}

// @ts-expect-error a key is a string
export class NumericKey extends Task {
  static override unique = (): number => 5
  perform(): void {}
}

export async function mustCompile(register: (task: TaskClass) => void): Promise<void> {
  const job: EnqueuedJob = await SendReceipt.enqueue({ orderId: '7' })
  job.runAt.toFixed()
  await SendReceipt.enqueue({ orderId: '7' }, { delay: 60 })
  await SendReceipt.enqueue({ orderId: '7' }, { runAt: new Date() })
  await SendReceipt.enqueue({ orderId: '7' }, { runAt: 1_700_000_000_000 })
  await Quick.enqueue({ orderId: '7' })
  await CleanUp.enqueue()
  await CleanUp.enqueue(undefined, { delay: 60 })
  await Remind.enqueue()
  await Remind.enqueue({ userId: 7 })
  const jobs: readonly EnqueuedJob[] = await SendReceipt.enqueueMany([{ orderId: '7' }], { delay: 1 })
  jobs.map((each) => each.id)
  const { duplicate } = await Placed.enqueue(
    { userId: 7 },
    { queue: 'bulk', priority: 5, unique: 'key', uniqueFor: 10 },
  )
  await Placed.enqueue({ userId: 7 }, { unique: !duplicate })
  register(Placed)
  register(ByArguments)
  register(SendReceipt)
  register(Quick)
  register(CleanUp)
  register(Remind)
}

class Mailer {
  from = 'shop'
  async welcome(userId: number, options?: { locale: string }): Promise<void> {
    await fetch(`/welcome/${userId}/${options?.locale}`)
  }
}

export async function mustCompileAround(deferred: Deferred): Promise<void> {
  await SendReceipt.enqueue({ orderId: '7' }, { followedBy: [CleanUp.with(), Remind.with({ userId: 7 })] })
  const { jobs } = await deferred.batch([SendReceipt.with({ orderId: '7' }), CleanUp.with()], {
    followedBy: Remind.with(undefined, { delay: 5, queue: 'mail' }),
  })
  jobs.map((each) => each.id)
  const job: EnqueuedJob = await deferred.wrap(new Mailer()).welcome(7, { locale: 'de' })
  job.runAt.toFixed()
  deferred.use({ perform: (performing, next) => performing.task.length > 0 && next() })
  const found = await deferred.find('id')
  found?.attempt.toFixed()

  // @ts-expect-error an id is a string
  SendReceipt.with({ orderId: 7 })
  // @ts-expect-error the arguments are missing
  SendReceipt.with()
  // @ts-expect-error a job that is planned cannot be unique
  SendReceipt.with({ orderId: '7' }, { unique: 'key' })
  // @ts-expect-error jobs that follow are made by with()
  await SendReceipt.enqueue({ orderId: '7' }, { followedBy: [CleanUp] })
  // @ts-expect-error something must follow a batch
  await deferred.batch([CleanUp.with()], {})
  // @ts-expect-error an id is a number
  await deferred.wrap(new Mailer()).welcome('7')
  // @ts-expect-error not a method
  await deferred.wrap(new Mailer()).from()
  // @ts-expect-error there is no such state
  await deferred.list({ state: 'failed' })
}

export async function mustNotCompile(register: (task: TaskClass) => void): Promise<void> {
  // @ts-expect-error the arguments are missing
  await SendReceipt.enqueue()
  // @ts-expect-error an id is a string
  await SendReceipt.enqueue({ orderId: 7 })
  // @ts-expect-error the id is missing
  await SendReceipt.enqueue({})
  // @ts-expect-error there is no such argument
  await SendReceipt.enqueue({ orderId: '7', orderID: '7' })
  // @ts-expect-error perform does not look at it, but the task says what it takes
  await Quick.enqueue({ orderId: 7 })
  // @ts-expect-error the task takes no arguments; options are the second parameter
  await CleanUp.enqueue({ delay: 60 })
  // @ts-expect-error there is no such option
  await SendReceipt.enqueue({ orderId: '7' }, { dealy: 60 })
  // @ts-expect-error a key is a string
  await SendReceipt.enqueue({ orderId: '7' }, { unique: 7 })
  // @ts-expect-error one of the arguments is wrong
  await SendReceipt.enqueueMany([{ orderId: '7' }, { orderId: 7 }])
  // @ts-expect-error a task cannot be made of its base class
  register(Task)
  // @ts-expect-error not a task
  register(class Plain {})
}

// @ts-expect-error perform is missing
export class NoPerform extends Task {}

export class WrongPerform extends Task<{ orderId: string }> {
  // @ts-expect-error the argument is not a number
  perform(args: number): void {
    args.toFixed()
  }
}
