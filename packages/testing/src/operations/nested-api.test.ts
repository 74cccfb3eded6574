import { describeKubeApi } from '../kube-api-contract.js'
import { createdFixture, never, ref } from './fixture.js'

// The nested API of these tests, seen by core's own client: a real one passes the same suite.
describeKubeApi('FakeNestedApi', async () => {
  const { clusters } = await createdFixture()
  const api = await clusters.openApi(ref, never)
  return {
    api,
    namespaces: ['a', 'b'],
    cleanUp: () => {
      api.close()
      return Promise.resolve()
    },
  }
})
