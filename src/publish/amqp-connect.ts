import { connect, credentials, type Options, type SocketOptions } from 'amqplib'
import { DestinationError } from '../errors.js'
import type { Clock } from '../schedule/clock.js'
import { brokerFault } from './amqp-faults.js'
import type { OpenConnection } from './amqp-session.js'
import { tlsOptions } from './amqp-tls.js'
import { hostAndPort, type BrokerHost, type TransportUrl } from './transport-url.js'
import { untilAborted } from './until-aborted.js'

export interface ConnectOptions {
  readonly url: TransportUrl
  /** Shown by the broker as the connection's name: `virtpoll:<pid>:<host>`. */
  readonly connectionName: string
  /** virtpoll's, shown beside it. */
  readonly productVersion: string
  /** For one host: name look-up, TCP, TLS, login and channel together. */
  readonly connectSeconds: number
  readonly clock: Clock
}

/** Encoded frames that wait for the socket before back-pressure is felt: 64 of up to 128 KiB. */
const frameBuffer = 64

/**
 * Connects and logs in to one host and opens a channel in confirm mode.
 *
 * @throws DestinationError BROKER_UNREACHABLE, BROKER_REFUSED or TLS_FAILED; the signal's reason.
 */
export async function connectTo(
  host: BrokerHost,
  options: ConnectOptions,
  signal: AbortSignal,
): Promise<OpenConnection> {
  const where = hostAndPort(host)
  const socket = new AbortController()
  const stop = (): void => {
    socket.abort(signal.reason)
  }
  signal.addEventListener('abort', stop, { once: true })
  const settled = new AbortController()
  void abortLate(socket, where, options, settled.signal)
  try {
    return await untilAborted(open(host, options, socket), socket.signal)
  } catch (error) {
    const reason: unknown = socket.signal.aborted ? socket.signal.reason : error
    socket.abort(reason)
    signal.throwIfAborted()
    throw brokerFault(reason, where)
  } finally {
    settled.abort()
    signal.removeEventListener('abort', stop)
  }
}

async function abortLate(
  socket: AbortController,
  where: string,
  { clock, connectSeconds }: ConnectOptions,
  settled: AbortSignal,
): Promise<void> {
  await clock.sleepUntil(clock.now().monotonicSeconds + connectSeconds, settled).catch(() => undefined)
  if (settled.aborted) return
  socket.abort(
    new DestinationError(
      'BROKER_UNREACHABLE',
      `broker ${where} did not open a connection in ${connectSeconds} s`,
      { details: { broker: where, seconds: connectSeconds } },
    ),
  )
}

async function open(
  host: BrokerHost,
  options: ConnectOptions,
  socket: AbortController,
): Promise<OpenConnection> {
  const { url } = options
  const tls = url.options.ssl ? await tlsOptions(url.options) : {}
  const socketOptions: SocketOptions & { signal: AbortSignal } = {
    ...tls,
    // Handed on to the socket by amqplib, which has no other way to give up a connection whose peer is silent.
    signal: socket.signal,
    noDelay: true,
    keepAlive: true,
    credentials: credentialsFor(host, url),
    clientProperties: {
      product: 'virtpoll',
      version: options.productVersion,
      information: '',
      connection_name: options.connectionName,
    },
  }
  const model = await connect(address(host, url), socketOptions)
  // An `error` event that nobody hears ends the process; the session listens for itself later.
  model.on('error', () => undefined)
  const channel = await model.createConfirmChannel({ highWaterMark: frameBuffer })
  channel.on('error', () => undefined)
  return { model, channel, socket }
}

function address(host: BrokerHost, url: TransportUrl): Options.Connect {
  return {
    protocol: url.options.ssl ? 'amqps' : 'amqp',
    hostname: host.host,
    port: host.port,
    // amqplib decodes it once more.
    vhost: encodeURIComponent(url.virtualHost),
    heartbeat: url.options.heartbeat_timeout_threshold,
  }
}

function credentialsFor(
  { user, password }: BrokerHost,
  { options }: TransportUrl,
): NonNullable<Options.Connect['credentials']> {
  const methods = {
    PLAIN: () => credentials.plain(user, password),
    AMQPLAIN: () => credentials.amqplain(user, password),
    EXTERNAL: () => credentials.external(),
  }
  return methods[options.rabbit_login_method]()
}
