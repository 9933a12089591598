/** Options of schedules and intervals. */
import { anyValue, defineOptions, oneOf, text } from '../../kernel'

export interface EveryOptions {
  /**
   * What happens to times that passed while no process ran: `'once'` fires the latest of them when one is back,
   * `'none'` lets them pass. Up to 30 seconds late counts as in time, so that no time is lost while another process
   * takes over. @defaultValue `'once'`
   */
  catchUp?: 'once' | 'none'
  /** Unique among the schedules of this runtime; what is remembered is kept under it. @defaultValue the task's name */
  name?: string
}

export interface ScheduleOptions extends EveryOptions {
  /** IANA name, such as `'Europe/Berlin'`. @defaultValue that of the process */
  timeZone?: string
}

const ofBoth = { catchUp: oneOf(['once', 'none'], 'once'), name: text('the name of the task') }

export const everyOptions = defineOptions<EveryOptions>(ofBoth)
export const scheduleOptions = defineOptions<ScheduleOptions>({
  ...ofBoth,
  timeZone: anyValue<string>(
    '',
    'the name of a time zone',
    (value) => typeof value === 'string' && value !== '',
  ),
})
