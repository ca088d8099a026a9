import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import type { CliIo } from './io.js'
import { exitCodes, type ExitCode } from './exit-codes.js'
import { hearHangups } from './hangups.js'
import type { AgentCommandOptions } from './agent.js'
import type { CheckCommandOptions } from './check.js'
import type { MetersCommandOptions } from './meters.js'
import type { PollOnceCommandOptions } from './poll-once.js'

const configHelp = 'the agent.yaml to use (default: /etc/virtpoll/agent.yaml if it exists, else all defaults)'
const pollingHelp = 'the polling.yaml to use (default: the one that agent.yaml names)'

const examples = `
Examples:
  virtpoll poll-once --connect test:///default --unmanaged
      what libvirt's built-in test hypervisor gives; needs no daemon
  virtpoll poll-once --meter cpu --meter 'network.*' --instance vm-1
      some meters of one instance of this host
  virtpoll check --config agent.yaml
      is the configuration sound, and what will be polled?
  virtpoll agent --config /etc/virtpoll/agent.yaml
      the daemon: polls on the intervals of polling.yaml and publishes

Exit codes: 0 all well, 1 partial, 2 usage, 69 libvirt or the broker out of reach, 78 configuration.`

const pollOnceExamples = `
Examples:
  poll-once --connect test:///default --unmanaged        try it without a hypervisor
  poll-once --meter '*' --format jsonl                   every meter, one sample a line
  poll-once --meter cpu_util --over 5                    computed meters need two looks
  poll-once --format notification                        what would go to the broker
  poll-once --publish                                    send it, and fail if it was not confirmed

A figure that does not exist (a domain that is shut off, a guest without a balloon driver) is no failure: it is
listed with its reason on standard error. Exit codes: 0 all well, 1 partial (stuck or failed figures, an --instance
or --meter that matched nothing, a sample not delivered), 2 usage, 69 libvirt or the broker out of reach,
78 configuration.`

function seconds(text: string): number {
  const value = Number(text)
  if (!Number.isFinite(value) || value <= 0)
    throw new InvalidArgumentError('expected a number of seconds above 0.')
  return value
}

function collect(text: string, before: readonly string[]): readonly string[] {
  if (text === '') throw new InvalidArgumentError('expected something to match.')
  return [...before, text]
}

type Finish = (code: ExitCode) => void

function addPollOnce(program: Command, io: CliIo, finish: Finish): void {
  program
    .command('poll-once')
    .summary('poll now, print the samples, and end')
    .description('Polls the host once and prints the samples. Sends nothing unless --publish is given.')
    .option('--config <file>', configHelp)
    .option('--polling <file>', pollingHelp)
    .option('--connect <uri>', 'the libvirt to ask, for example qemu:///system (default: that of agent.yaml)')
    .addOption(
      new Option('--meter <pattern>', "a meter or a pattern such as 'network.*'; repeatable")
        .argParser(collect)
        .default([], "polling.yaml's"),
    )
    .addOption(
      new Option(
        '--instance <uuid|name>',
        'only this instance, by UUID, display name or libvirt name; repeatable',
      )
        .argParser(collect)
        .default([], 'all'),
    )
    .option('--unmanaged', 'also poll domains that Nova does not manage')
    .option(
      '--over <seconds>',
      'look twice, that far apart, so that rates and other computed meters have a figure',
      seconds,
    )
    .addOption(
      new Option('--format <format>', 'how to print (default: table on a terminal, jsonl in a pipe)').choices(
        ['table', 'json', 'jsonl', 'notification'],
      ),
    )
    .option('--publish', 'also send the samples, and fail if any was not confirmed')
    .addHelpText('after', pollOnceExamples)
    .action(async (options: PollOnceCommandOptions) => {
      const { pollOnceCommand } = await import('./poll-once.js')
      finish(await pollOnceCommand(options, io))
    })
}

function addAgent(program: Command, io: CliIo, finish: Finish): void {
  program
    .command('agent')
    .summary('run the daemon')
    .description(
      'Polls this host on the intervals of polling.yaml and publishes the samples until SIGTERM. SIGHUP reads ' +
        'polling.yaml again and keeps the old one if the new one is bad. Logs to standard error.',
    )
    .option('--config <file>', configHelp)
    .action(async (options: AgentCommandOptions) => {
      const onHangup = hearHangups(io)
      const { agentCommand } = await import('./agent.js')
      finish(await agentCommand(options, io, onHangup))
    })
}

function addMeters(program: Command, io: CliIo, finish: Finish): void {
  program
    .command('meters')
    .summary('list every meter')
    .description('Lists every meter: name, type, unit, what it needs, what it means.')
    .option('--config <file>', `${configHelp}; its polling.pollsters are listed too`)
    .addOption(
      new Option('--format <format>', 'how to print (default: table on a terminal, json in a pipe)').choices([
        'table',
        'json',
        'markdown',
      ]),
    )
    .action(async (options: MetersCommandOptions) => {
      const { metersCommand } = await import('./meters.js')
      finish(await metersCommand(options, io))
    })
}

function addCheck(program: Command, io: CliIo, finish: Finish): void {
  program
    .command('check')
    .summary('validate the configuration and print what is in force')
    .description(
      'Validates agent.yaml, polling.yaml and the pollster files, and prints the effective configuration with every ' +
        'default filled in and secrets masked. Faults are named as file:line:column. Connects to nothing.',
    )
    .option('--config <file>', configHelp)
    .option('--polling <file>', pollingHelp)
    .action(async (options: CheckCommandOptions) => {
      const { checkCommand } = await import('./check.js')
      finish(await checkCommand(options, io))
    })
}

/**
 * Runs one command line and resolves with its exit code. `args` are the words after the program's name. Commands
 * load their code when they are chosen. What commander says of usage goes to stderr, help to stdout.
 */
export async function runCli(args: readonly string[], io: CliIo): Promise<ExitCode> {
  let code: ExitCode = exitCodes.ok
  const finish: Finish = (finished) => {
    code = finished
  }
  const program = new Command('virtpoll')
    .description('Telemetry polling agent for hypervisor hosts.')
    .version(io.version)
    .addHelpText('after', examples)
    .exitOverride()
    .showHelpAfterError('(add --help for what is possible)')
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      writeErr: (text) => void io.stderr.write(text),
    })
  for (const add of [addPollOnce, addAgent, addMeters, addCheck]) add(program, io, finish)
  for (const command of program.commands) command.copyInheritedSettings(program)
  try {
    await program.parseAsync(args, { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage
  }
  return code
}
