import { instanceMeter, type PollsterModule } from 'virtpoll/pollster'

export default {
  apiVersion: 1,
  pollsters: [
    instanceMeter({
      meter: 'power.state',
      type: 'gauge',
      unit: '',
      number: 'int',
      needs: ['state'],
      whenStopped: true,
      description:
        "libvirt's domain state: 0 none, 1 running, 2 blocked, 3 paused, 4 shutting down, 5 shut off, 6 crashed, 7 suspended by the guest",
      volume: (look) => look.powerState,
    }),
  ],
} satisfies PollsterModule
