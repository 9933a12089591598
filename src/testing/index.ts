/** testing: what application tests need and production never loads. Published as `rage-js/testing`. */
export { FakeClock } from './fake-clock'
