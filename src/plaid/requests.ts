import type { PlaidEndpoint } from '../domain/plaid-calls';
import type { LinkTokenRequest } from './plaid';

/** The body of each request, by the field names of Plaid API 1.697.4. Credentials stand in headers. */
export interface PlaidRequests extends Record<PlaidEndpoint, object> {
  '/link/token/create': LinkTokenRequest;
  '/link/token/get': { link_token: string };
  '/link_delivery/create': {
    link_token: string;
    options?: {
      recipient: {
        communication_methods: { method: 'SMS' | 'EMAIL'; address: string }[];
        first_name?: string | undefined;
      };
    };
  };
  '/link_delivery/get': { link_delivery_session_id: string };
  '/item/public_token/exchange': { public_token: string };
  '/item/get': { access_token: string };
  '/item/remove': { access_token: string };
  '/item/webhook/update': { access_token: string; webhook: string };
  '/webhook_verification_key/get': { key_id: string };
}
