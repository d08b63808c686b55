/*
 * Plaid's own types, generated from its OpenAPI file, against ours. The compiler runs these checks; official-types.test.ts has it do
 * so. Each `@ts-expect-error` shows that a check of its kind can fail.
 */
import type * as plaid from 'plaid';
import type { z } from 'zod';
import type { linkTokenGetAnswer } from '../../../src/plaid/link-token-get';
import type { CheckedLinkTokenRequest } from '../../../src/requests/link-token-request';
import type { PlaidRequests } from '../../../src/plaid/requests';
import type {
  exchangeAnswer,
  itemGetAnswer,
  itemRemoveAnswer,
  itemWebhookUpdateAnswer,
  linkDeliveryCreateAnswer,
  linkDeliveryGetAnswer,
  linkTokenCreateAnswer,
  plaidErrorAnswer,
  webhookVerificationKeyAnswer,
} from '../../../src/plaid/schemas';
import type { endpoints } from '../../../src/sandbox/endpoints';
import type { linkTokenCreateSchema } from '../../../src/sandbox/link-token-request';
import type {
  accountsGetSchema,
  exchangeSchema,
  itemGetSchema,
  itemRemoveSchema,
  itemWebhookUpdateSchema,
  linkDeliveryCreateSchema,
  linkDeliveryGetSchema,
  linkTokenGetSchema,
  sandboxFireWebhookSchema,
  sandboxPublicTokenCreateSchema,
  sandboxResetLoginSchema,
  webhookVerificationKeyGetSchema,
} from '../../../src/sandbox/request-schemas';
import type {
  deliveryStatus,
  endCallback,
  eventCallback,
  itemAddResult,
  itemError,
  linkEvents,
  sessionFinished,
} from '../../../src/sandbox/webhook-bodies';

/** Fails to compile when `From` is not assignable to `To`. */
const holds = <From extends To, To>(_never?: From): void => undefined;

/** Fails to compile when there is any key. */
const none = <Keys extends never>(_never?: Keys): void => undefined;

/** A type of Plaid's with the values of its enums in their place. */
type Plain<T> = T extends string
  ? `${T}`
  : T extends readonly (infer Entry)[]
    ? Plain<Entry>[]
    : T extends object
      ? { [Key in keyof T]: Plain<T[Key]> }
      : T;

/** The same with any string for an enum: what the sandbox writes is not typed that narrowly. */
type Loose<T> = T extends string
  ? string
  : T extends readonly (infer Entry)[]
    ? readonly Loose<Entry>[]
    : T extends object
      ? { [Key in keyof T]: Loose<T[Key]> }
      : T;

/** A type in which nothing is null. */
type WithoutNull<T> = T extends readonly (infer Entry)[]
  ? WithoutNull<Entry>[]
  : T extends object
    ? { [Key in keyof T]: WithoutNull<Exclude<T[Key], null>> }
    : T;

/** A type in which nothing is null or left out. */
type Told<T> = T extends readonly (infer Entry)[]
  ? Told<Entry>[]
  : T extends object
    ? { [Key in keyof T]-?: Told<NonNullable<T[Key]>> }
    : T;

/** The keys that a type names, without those that an index signature lets pass. */
type NamedKeys<T> = keyof { [Key in keyof T as string extends Key ? never : Key]: T[Key] };

/** The keys of `T` that `Other` does not name. */
type Unnamed<T, Other> = Exclude<NamedKeys<T>, NamedKeys<Other>>;

// What the client sends is what Plaid takes.
holds<PlaidRequests['/link/token/get'], plaid.LinkTokenGetRequest>();
holds<PlaidRequests['/link_delivery/create'], Plain<plaid.LinkDeliveryCreateRequest>>();
holds<PlaidRequests['/link_delivery/get'], plaid.LinkDeliveryGetRequest>();
holds<PlaidRequests['/item/public_token/exchange'], plaid.ItemPublicTokenExchangeRequest>();
holds<PlaidRequests['/item/get'], plaid.ItemGetRequest>();
holds<PlaidRequests['/item/remove'], plaid.ItemRemoveRequest>();
holds<PlaidRequests['/item/webhook/update'], plaid.ItemWebhookUpdateRequest>();
holds<PlaidRequests['/webhook_verification_key/get'], plaid.WebhookVerificationKeyGetRequest>();
// @ts-expect-error -- a field of another type
holds<{ link_token: number }, plaid.LinkTokenGetRequest>();
// @ts-expect-error -- a value that the enum does not have
holds<{ method: 'PIGEON' }, Plain<plaid.LinkDeliveryCommunicationMethod>>();

// What ours checks of a request for a link token has Plaid's names and types. Everything else, and any null, is left to Plaid.
none<Unnamed<CheckedLinkTokenRequest, plaid.LinkTokenCreateRequest>>();
none<Unnamed<NonNullable<CheckedLinkTokenRequest['user']>, plaid.LinkTokenCreateRequestUser>>();
none<Unnamed<NonNullable<CheckedLinkTokenRequest['hosted_link']>, plaid.LinkTokenCreateHostedLink>>();
holds<
  WithoutNull<Pick<CheckedLinkTokenRequest, NamedKeys<CheckedLinkTokenRequest>>>,
  Pick<Loose<plaid.LinkTokenCreateRequest>, NamedKeys<CheckedLinkTokenRequest>>
>();

// Whatever Plaid's types allow as an answer, the client can read; and it reads no field that Plaid does not know.
type Reads<Schema extends z.ZodType> = z.input<Schema>;
holds<Plain<plaid.LinkTokenCreateResponse>, Reads<typeof linkTokenCreateAnswer>>();
// What only describes a public token is read leniently: what is null or missing there counts as not told.
holds<Told<Plain<plaid.LinkTokenGetResponse>>, Reads<typeof linkTokenGetAnswer>>();
holds<undefined, Reads<typeof linkTokenGetAnswer>['link_sessions']>();
holds<null | undefined, LinkSessionRead['results']>();
holds<null | undefined, LinkSessionRead['on_success']>();
holds<null | undefined, LinkSessionRead['exit']>();
holds<null | undefined, LinkSessionRead['on_exit']>();
holds<null | undefined, LinkSessionRead['finished_at']>();
holds<Plain<plaid.LinkDeliveryCreateResponse>, Reads<typeof linkDeliveryCreateAnswer>>();
holds<Plain<plaid.LinkDeliveryGetResponse>, Reads<typeof linkDeliveryGetAnswer>>();
holds<Plain<plaid.ItemPublicTokenExchangeResponse>, Reads<typeof exchangeAnswer>>();
holds<Plain<plaid.ItemGetResponse>, Reads<typeof itemGetAnswer>>();
holds<Plain<plaid.ItemRemoveResponse>, Reads<typeof itemRemoveAnswer>>();
holds<Plain<plaid.ItemWebhookUpdateResponse>, Reads<typeof itemWebhookUpdateAnswer>>();
holds<Plain<plaid.PlaidError>, Reads<typeof plaidErrorAnswer>>();
// @ts-expect-error -- an optional field where one is wanted
holds<Partial<plaid.LinkTokenCreateResponse>, Reads<typeof linkTokenCreateAnswer>>();
none<Unnamed<Reads<typeof linkTokenCreateAnswer>, plaid.LinkTokenCreateResponse>>();
none<Unnamed<Reads<typeof linkTokenGetAnswer>, plaid.LinkTokenGetResponse>>();
none<Unnamed<LinkSessionRead, plaid.LinkTokenGetSessionsResponse>>();
none<Unnamed<NonNullable<LinkSessionRead['results']>, plaid.LinkSessionResults>>();
none<Unnamed<ResultRead, plaid.LinkSessionItemAddResult>>();
none<Unnamed<NonNullable<LinkSessionRead['on_success']>, plaid.LinkSessionSuccess>>();
none<Unnamed<NonNullable<LinkSessionRead['exit']>, plaid.LinkSessionExit>>();
none<Unnamed<Reads<typeof linkDeliveryCreateAnswer>, plaid.LinkDeliveryCreateResponse>>();
none<Unnamed<Reads<typeof exchangeAnswer>, plaid.ItemPublicTokenExchangeResponse>>();
none<Unnamed<Reads<typeof itemGetAnswer>['item'], plaid.ItemGetResponse['item']>>();
none<Unnamed<Reads<typeof plaidErrorAnswer>, plaid.PlaidError>>();
// @ts-expect-error -- a field that Plaid's type does not have
none<Unnamed<{ access_token: string; colour: string }, plaid.ItemPublicTokenExchangeResponse>>();
type LinkSessionRead = NonNullable<Reads<typeof linkTokenGetAnswer>['link_sessions']>[number];
type ResultRead = NonNullable<NonNullable<LinkSessionRead['results']>['item_add_results']>[number];
// `public_tokens` was Plaid's until 1.228.0.
none<Exclude<Unnamed<Reads<typeof linkDeliveryGetAnswer>, plaid.LinkDeliveryGetResponse>, 'public_tokens'>>();
// Plaid types a key loosely and documents one kind of it; only that kind is read.
type ReadKey = Reads<typeof webhookVerificationKeyAnswer>['key'];
none<Unnamed<ReadKey, plaid.JWKPublicKey>>();
holds<ReadKey, Omit<plaid.JWKPublicKey, 'created_at'>>();

// The sandbox takes the fields that Plaid takes, and no other.
type Takes<Schema extends z.ZodType> = z.output<Schema>;
none<Unnamed<Takes<typeof linkTokenCreateSchema>, plaid.LinkTokenCreateRequest>>();
none<Unnamed<plaid.LinkTokenCreateRequest, Takes<typeof linkTokenCreateSchema>>>();
type Hosted = NonNullable<Takes<typeof linkTokenCreateSchema>['hosted_link']>;
holds<Plain<plaid.LinkTokenCreateHostedLink>, Hosted>();
none<Unnamed<Hosted, plaid.LinkTokenCreateHostedLink>>();
none<Unnamed<Takes<typeof linkTokenGetSchema>, plaid.LinkTokenGetRequest>>();
none<Unnamed<Takes<typeof linkDeliveryCreateSchema>, plaid.LinkDeliveryCreateRequest>>();
none<Unnamed<Takes<typeof linkDeliveryGetSchema>, plaid.LinkDeliveryGetRequest>>();
holds<plaid.ItemPublicTokenExchangeRequest, Takes<typeof exchangeSchema>>();
none<Unnamed<Takes<typeof exchangeSchema>, plaid.ItemPublicTokenExchangeRequest>>();
none<Unnamed<Takes<typeof itemGetSchema>, plaid.ItemGetRequest>>();
holds<plaid.AccountsGetRequest, Takes<typeof accountsGetSchema>>();
none<Unnamed<Takes<typeof accountsGetSchema>, plaid.AccountsGetRequest>>();
holds<Plain<plaid.ItemRemoveRequest>, Takes<typeof itemRemoveSchema>>();
none<Unnamed<Takes<typeof itemRemoveSchema>, plaid.ItemRemoveRequest>>();
holds<plaid.ItemWebhookUpdateRequest, Takes<typeof itemWebhookUpdateSchema>>();
none<Unnamed<Takes<typeof itemWebhookUpdateSchema>, plaid.ItemWebhookUpdateRequest>>();
none<Unnamed<Takes<typeof webhookVerificationKeyGetSchema>, plaid.WebhookVerificationKeyGetRequest>>();
none<Unnamed<Takes<typeof sandboxPublicTokenCreateSchema>, plaid.SandboxPublicTokenCreateRequest>>();
none<Unnamed<plaid.SandboxPublicTokenCreateRequest, Takes<typeof sandboxPublicTokenCreateSchema>>>();
holds<plaid.SandboxItemResetLoginRequest, Takes<typeof sandboxResetLoginSchema>>();
holds<Plain<plaid.SandboxItemFireWebhookRequest>, Takes<typeof sandboxFireWebhookSchema>>();
holds<Takes<typeof sandboxFireWebhookSchema>, Plain<plaid.SandboxItemFireWebhookRequest>>();

// What the sandbox answers is what Plaid's types promise. The request id is added to every answer in one place.
type Answers<Path extends keyof typeof endpoints> = ReturnType<(typeof endpoints)[Path]> & {
  request_id: string;
};
holds<Answers<'/link/token/create'>, Loose<plaid.LinkTokenCreateResponse>>();
holds<Answers<'/link/token/get'>, PassedThrough<Loose<plaid.LinkTokenGetResponse>>>();
holds<Answers<'/link_delivery/create'>, Loose<plaid.LinkDeliveryCreateResponse>>();
holds<Answers<'/link_delivery/get'>, Loose<plaid.LinkDeliveryGetResponse>>();
holds<Answers<'/item/public_token/exchange'>, Loose<plaid.ItemPublicTokenExchangeResponse>>();
holds<Answers<'/item/get'>, Loose<plaid.ItemGetResponse>>();
holds<Answers<'/accounts/get'>, Loose<plaid.AccountsGetResponse>>();
holds<Answers<'/item/webhook/update'>, Loose<plaid.ItemWebhookUpdateResponse>>();
holds<Answers<'/item/remove'>, Loose<plaid.ItemRemoveResponse>>();
holds<Answers<'/webhook_verification_key/get'>, Loose<plaid.WebhookVerificationKeyGetResponse>>();
holds<Answers<'/sandbox/public_token/create'>, Loose<plaid.SandboxPublicTokenCreateResponse>>();
holds<Answers<'/sandbox/item/reset_login'>, Loose<plaid.SandboxItemResetLoginResponse>>();
holds<Answers<'/sandbox/item/fire_webhook'>, Loose<plaid.SandboxItemFireWebhookResponse>>();
// @ts-expect-error -- another endpoint's answer
holds<Answers<'/item/remove'>, Loose<plaid.ItemGetResponse>>();
/** These two stand in the answer as they stood in the request. */
type PassedThrough<T extends { metadata: object }> = Omit<T, 'metadata'> & {
  metadata: Omit<T['metadata'], 'account_filters' | 'institution_data'>;
};

// And so is what its webhooks say.
type Sends<Webhook extends (...input: never[]) => unknown> = ReturnType<Webhook>;
holds<Sends<typeof itemAddResult>, Loose<plaid.ItemAddResultWebhook>>();
holds<Sends<typeof sessionFinished>, Loose<plaid.LinkSessionFinishedWebhook>>();
holds<Sends<typeof linkEvents>, Loose<plaid.LinkEventsWebhook>>();
holds<Sends<typeof eventCallback>, Loose<plaid.LinkDeliveryCallbackWebhook>>();
holds<Sends<typeof endCallback>, Loose<plaid.LinkDeliveryCallbackWebhook>>();
holds<Sends<typeof deliveryStatus>, Loose<plaid.LinkUserDeliveryStatusWebhook>>();
holds<Sends<typeof itemError>, Loose<plaid.ItemErrorWebhook>>();
// @ts-expect-error -- another webhook
holds<Sends<typeof linkEvents>, Loose<plaid.ItemAddResultWebhook>>();
