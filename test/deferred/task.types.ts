/** What the types of a task must infer, and what must not compile. Checked by `tsc`, never run. */
import { type EnqueuedJob, type RunningJob, Task, type TaskClass } from '../../src/deferred'

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
  register(SendReceipt)
  register(Quick)
  register(CleanUp)
  register(Remind)
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
