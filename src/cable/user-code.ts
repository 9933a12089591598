/**
 * How a client's hooks and actions are run: in a context, under a span, with their errors rescued or reported.
 * Nothing they throw gets any further.
 */
import { type Context, deriveContext, runInContext } from '../context'
import type { ErrorReports, SpanPoint } from '../telemetry'
import type { AnyChannel } from './channel'
import type { ChannelPlan } from './plan'

export interface UserCodeWorld {
  readonly errors: ErrorReports
  readonly connectionProcess: SpanPoint<'cable.connection.process'>
  readonly actionProcess: SpanPoint<'cable.action.process'>
}

/** Which action of which channel; `channel` answers `null` while it does not exist yet. */
export interface ActionRun {
  readonly plan: ChannelPlan
  readonly action: string
  readonly channel: () => AnyChannel | null
}

export class UserCode {
  readonly #world: UserCodeWorld
  readonly #context: Context
  readonly #connection: string

  /** @param connection the name of the Connection class. */
  constructor(world: UserCodeWorld, context: Context, connection: string) {
    this.#world = world
    this.#context = context
    this.#connection = connection
  }

  /** `connect` runs in the connection's own context: what it sets in `Current` is there for every action. */
  connect(work: () => unknown): Promise<boolean> {
    return this.#runHook('connect', this.#context, work)
  }

  async disconnect(work: () => unknown): Promise<void> {
    await this.#runHook('disconnect', deriveContext(this.#context, 'cable'), work)
    this.#context.closed = true
  }

  /** Runs an action or hook of a channel in a context of its own; answers whether it succeeded. */
  act(run: ActionRun, work: () => unknown): Promise<boolean> {
    const point = this.#world.actionProcess
    const context = deriveContext(this.#context, 'cable')
    return runInContext(context, async () => {
      try {
        await (point.idle ? work() : point.run({ channel: run.plan.name, action: run.action }, work))
        return true
      } catch (error) {
        await this.#rescue(run, error)
        return false
      } finally {
        context.closed = true
      }
    })
  }

  /** Answers whether the hook succeeded; its error is reported. */
  #runHook(hook: 'connect' | 'disconnect', context: Context, work: () => unknown): Promise<boolean> {
    const point = this.#world.connectionProcess
    const connection = this.#connection
    return runInContext(context, async () => {
      try {
        await (point.idle ? work() : point.run({ connection, hook }, work))
        return true
      } catch (error) {
        this.#world.errors.report(error, { connection, hook })
        return false
      }
    })
  }

  async #rescue({ plan, action, channel: channelOf }: ActionRun, error: unknown): Promise<void> {
    const channel = channelOf()
    const rescue = channel === null ? undefined : plan.rescues.find(({ type }) => error instanceof type)
    if (rescue === undefined || channel === null) {
      return this.#world.errors.report(error, { channel: plan.name, action })
    }
    try {
      await rescue.handle(error, channel)
    } catch (failure) {
      this.#world.errors.report(failure, { channel: plan.name, action })
    }
  }
}
