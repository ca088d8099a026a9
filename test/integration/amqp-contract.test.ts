import { publisherContract, type PublisherUnderTest } from '../contract/publisher.contract.js'
import { brokerUrl, observedPublisher, openBrokerSide, soon } from '../support/broker.js'

interface Sample {
  readonly message_id: string
}

function sampleIdsOf(body: Buffer): string[] {
  const { 'oslo.message': inner } = JSON.parse(body.toString()) as { 'oslo.message': string }
  const { payload } = JSON.parse(inner) as { payload: { samples: Sample[] } }
  return payload.samples.map((sample) => sample.message_id)
}

async function publisherTo(url: string): Promise<PublisherUnderTest> {
  const side = await openBrokerSide()
  const { publisher } = observedPublisher(side, url)
  return {
    publisher,
    received: async () => {
      const { messageCount } = await side.onChannel((channel) => channel.checkQueue(side.queue))
      return (await side.take(messageCount)).flatMap(({ content }) => sampleIdsOf(content))
    },
    dispose: async () => {
      await publisher.close(soon())
      await side.close()
    },
  }
}

publisherContract('AMQP', {
  working: () => publisherTo(brokerUrl),
  broken: () => publisherTo('rabbit://127.0.0.1:1/'),
})
