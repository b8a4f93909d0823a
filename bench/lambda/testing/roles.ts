import { AwsError, type Reply, xml } from './reply.ts'

interface Role {
  readonly policies: Map<string, string>
  /** So many functions are still refused, because not every server knows of it. */
  unknownTo: number
}

/** IAM's roles. docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html and its neighbours */
export class Roles {
  readonly #roles = new Map<string, Role>()

  held(): string[] {
    return [...this.#roles.keys()].map((name) => `role ${name}`)
  }

  answer(action: string, form: URLSearchParams): Reply {
    const name = form.get('RoleName') ?? ''
    if (action === 'CreateRole') return this.#create(name, form.get('AssumeRolePolicyDocument') ?? '')
    const role = this.#roles.get(name)
    if (role === undefined) throw new AwsError(404, 'NoSuchEntity')
    const policy = form.get('PolicyName') ?? ''
    switch (action) {
      case 'PutRolePolicy': {
        const document = form.get('PolicyDocument') ?? ''
        JSON.parse(document)
        role.policies.set(policy, document)
        return xml(action)
      }
      case 'DeleteRolePolicy':
        if (!role.policies.delete(policy)) throw new AwsError(404, 'NoSuchEntity')
        return xml(action)
      case 'DeleteRole':
        if (role.policies.size > 0) throw new AwsError(409, 'DeleteConflict')
        this.#roles.delete(name)
        return xml(action)
      default:
        throw new AwsError(400, 'InvalidAction')
    }
  }

  /** Throws as Lambda does for a role that it cannot assume, or not yet. */
  use(arn: string): void {
    const role = this.#roles.get(arn.split('/').at(-1) ?? '')
    if (role !== undefined && role.unknownTo-- <= 0) return
    const message = 'The role defined for the function cannot be assumed by Lambda.'
    throw new AwsError(400, 'InvalidParameterValueException', message)
  }

  #create(name: string, trust: string): Reply {
    if (this.#roles.has(name)) throw new AwsError(409, 'EntityAlreadyExists')
    if (!trust.includes('lambda.amazonaws.com')) throw new AwsError(400, 'MalformedPolicyDocument')
    this.#roles.set(name, { policies: new Map(), unknownTo: 1 })
    const fields = {
      Path: '/',
      RoleName: name,
      RoleId: 'AROAEMULATEDROLE00001',
      Arn: `arn:aws:iam::123456789012:role/${name}`,
      CreateDate: '2026-11-25T00:00:00Z',
    }
    const members = Object.entries(fields).map(([key, value]) => `<${key}>${value}</${key}>`)
    return xml('CreateRole', `<Role>${members.join('')}</Role>`)
  }
}
