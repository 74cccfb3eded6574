import { z } from 'zod'
import type { KubeObject } from '../contracts/kubernetes.js'
import { clusterPhases } from '../phases/index.js'
import { labels, managedByKnest } from '../labels.js'
import { maxClusterNameLength } from '../names.js'
import { clusterApiVersion, clusterKind } from './parse-file.js'
import { withOldSpellings } from './old-spellings.js'
import { clusterInputSchema } from './schema.js'

type Schema = Readonly<Record<string, unknown>>

const plural = 'nestedclusters'
const [group = '', version = ''] = clusterApiVersion.split('/')

/** The CustomResourceDefinition of NestedCluster; its schema comes from the same source as the parser. */
export function nestedClusterCrd(): KubeObject {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}`, labels: { [labels.managedBy]: managedByKnest } },
    spec: {
      group,
      scope: 'Namespaced',
      names: {
        plural,
        singular: 'nestedcluster',
        kind: clusterKind,
        listKind: `${clusterKind}List`,
        shortNames: ['nc'],
      },
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          subresources: {
            status: {},
            scale: {
              specReplicasPath: '.spec.replicas',
              statusReplicasPath: '.status.replicas',
              labelSelectorPath: '.status.selector',
            },
          },
          additionalPrinterColumns: printerColumns,
          schema: {
            openAPIV3Schema: {
              type: 'object',
              description: 'A Kubernetes cluster inside this one, made by knest',
              'x-kubernetes-validations': nameRules,
              properties: {
                apiVersion: { type: 'string' },
                kind: { type: 'string' },
                metadata: { type: 'object' },
                spec: {
                  ...structural(
                    withOldSpellings(z.toJSONSchema(clusterInputSchema, { io: 'input' }), ['serviceCidr']),
                  ),
                  'x-kubernetes-validations': specRules,
                },
                status: statusSchema,
              },
            },
          },
        },
      ],
    },
  }
}

/** As validateClusterName says it; a host refuses such an object when it is applied. */
const nameRules = [
  {
    rule: `self.metadata.name.size() <= ${maxClusterNameLength}`,
    message: `a cluster's name has at most ${maxClusterNameLength} characters`,
  },
  {
    rule: "self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",
    message: 'a cluster\'s name has lower-case letters, digits and "-", and begins with a letter',
  },
  { rule: "self.metadata.name != 'host'", message: 'the name "host" is kept for the embedded host' },
]

/** As resolveSpec says it: an object that nobody can read could not be deleted either. */
const specRules = [
  {
    rule: "!has(self.deletionPolicy) || self.deletionPolicy != 'Retain' || (has(self.persistence) && has(self.persistence.enabled) && self.persistence.enabled)",
    message: 'deletionPolicy Retain needs persistence.enabled: other disks go with their nodes',
  },
]

const printerColumns = [
  { name: 'Phase', type: 'string', jsonPath: '.status.phase' },
  { name: 'Version', type: 'string', jsonPath: '.status.kubernetesVersion' },
  { name: 'Control-Plane', type: 'string', jsonPath: '.status.controlPlane.summary' },
  { name: 'Workers', type: 'string', jsonPath: '.status.workers.summary' },
  { name: 'Backend', type: 'string', jsonPath: '.status.backend' },
  { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
]

const counts = {
  type: 'object',
  properties: {
    desired: { type: 'integer' },
    ready: { type: 'integer' },
    summary: { type: 'string', description: 'READY/DESIRED, for kubectl get' },
  },
}

const observedGeneration = {
  type: 'integer',
  format: 'int64',
  description: 'The metadata.generation that this speaks of',
}

const statusSchema = {
  type: 'object',
  // Until somebody has looked: kstatus takes an object without it for one that is as asked for.
  default: { observedGeneration: -1 },
  properties: {
    phase: {
      type: 'string',
      enum: clusterPhases,
    },
    observedGeneration,
    kubernetesVersion: {
      type: 'string',
      description: 'What the cluster has, also where the spec leaves it out',
    },
    backend: { type: 'string', description: 'What its control planes are: pod or vm' },
    controlPlane: counts,
    workers: counts,
    replicas: { type: 'integer', description: 'Workers of the first pool, for autoscalers' },
    selector: { type: 'string', description: 'Label selector of their pods on the host' },
    spec: {
      type: 'object',
      description: 'What the cluster is made by: the spec with everything decided that depends on the host',
      'x-kubernetes-preserve-unknown-fields': true,
    },
    addresses: {
      type: 'array',
      description: 'What nodes have for as long as they live; a copy of the claims in kube-system',
      items: {
        type: 'object',
        properties: { node: { type: 'string' }, ip: { type: 'string' }, mac: { type: 'string' } },
      },
    },
    images: {
      type: 'array',
      description: 'Images that were loaded into the cluster; nodes that come have them, too',
      items: {
        type: 'object',
        required: ['name', 'digest'],
        properties: {
          name: { type: 'string' },
          digest: { type: 'string' },
          id: { type: 'string', description: 'What the container engine knew it by' },
          pools: { type: 'array', items: { type: 'string' } },
          nodes: { type: 'array', items: { type: 'string' } },
        },
      },
    },
    settings: {
      type: 'object',
      description: "How far a change of Kubernetes' own settings has come",
      'x-kubernetes-preserve-unknown-fields': true,
    },
    conditions: {
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['type'],
      items: {
        type: 'object',
        required: ['type', 'status'],
        properties: {
          type: { type: 'string' },
          status: { type: 'string', enum: ['True', 'False', 'Unknown'] },
          reason: { type: 'string' },
          message: { type: 'string' },
          lastTransitionTime: { type: 'string', format: 'date-time' },
          observedGeneration,
        },
      },
    },
  },
}

/** The counts of the status as the CRD holds them. */
export function statusCounts(
  ready: number,
  desired: number,
): { ready: number; desired: number; summary: string } {
  return { ready, desired, summary: `${ready}/${desired}` }
}

const keptFields = ['type', 'description', 'enum', 'required', 'minimum', 'maximum', 'maxLength', 'pattern']

const intOrString = 'x-kubernetes-int-or-string'

/** Kubernetes takes only structural schemas: no $schema, no propertyNames, no closed objects. */
function structural(schema: Schema): Schema {
  const kept: Record<string, unknown> = {}
  for (const field of keptFields) {
    if (schema[field] !== undefined) kept[field] = schema[field]
  }
  const { properties, items, additionalProperties } = schema as {
    properties?: Record<string, Schema>
    items?: Schema
    additionalProperties?: Schema | boolean
  }
  if (properties !== undefined) {
    kept.properties = Object.fromEntries(
      Object.entries(properties).map(([name, property]) => [name, structural(property)]),
    )
  } else if (typeof additionalProperties === 'object') {
    // A record of anything (a patch) is kept as it is; a record of text keeps its type.
    if (Object.keys(additionalProperties).length === 0) kept['x-kubernetes-preserve-unknown-fields'] = true
    else kept.additionalProperties = structural(additionalProperties)
  }
  // What is text or a list, or text or a number, has no type in a structural schema; stored objects have either.
  if (schema.anyOf !== undefined || Array.isArray(schema.type)) {
    delete kept.type
    kept[schema[intOrString] === true ? intOrString : 'x-kubernetes-preserve-unknown-fields'] = true
  }
  if (items !== undefined) kept.items = structural(items)
  return kept
}
