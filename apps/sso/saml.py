"""
SAML 2.0: python3-saml over xmlsec builds, reads and judges; nothing of the protocol is ours.

What we refuse on top stands in `_hold_to_spec`: the library lets some things pass that are absent.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from lxml import etree
from onelogin.saml2.auth import OneLogin_Saml2_Auth
from onelogin.saml2.constants import OneLogin_Saml2_Constants as Constants
from onelogin.saml2.errors import OneLogin_Saml2_Error, OneLogin_Saml2_ValidationError
from onelogin.saml2.idp_metadata_parser import OneLogin_Saml2_IdPMetadataParser
from onelogin.saml2.response import OneLogin_Saml2_Response
from onelogin.saml2.settings import OneLogin_Saml2_Settings
from onelogin.saml2.utils import OneLogin_Saml2_Utils
from onelogin.saml2.xml_utils import OneLogin_Saml2_XML

from apps.core import outbound
from apps.sso.assertions import MAX_SUBJECT_LENGTH, Asserted, as_email, as_groups
from apps.sso.errors import (
    AnswerExpired,
    AnswerForAnother,
    AnswerNotValid,
    AttemptNotValid,
    ProviderNotUsable,
    ProviderRefused,
    ProviderUnreachable,
    SignInRefused,
)
from apps.sso.oidc import find_fault
from apps.sso.provider_settings import SamlSettings

CLOCK_SKEW_SECONDS = 60
Constants.ALLOWED_CLOCK_DRIFT = CLOCK_SKEW_SECONDS  # five minutes otherwise
MAX_RESPONSE_LENGTH = 1024 * 1024  # as sent, base64
MAX_METADATA_BYTES = 1024 * 1024
MAX_CERTIFICATES = 10
KEY_LIFETIME = timedelta(days=3650)

EMAIL_ATTRIBUTES = (
    "email",
    "mail",
    "Email",
    "emailAddress",
    "urn:oid:0.9.2342.19200300.100.1.3",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
)
NAME_ATTRIBUTES = (
    "name",
    "displayName",
    "urn:oid:2.16.840.1.113730.3.1.241",
    "http://schemas.microsoft.com/identity/claims/displayname",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name",
)
GROUPS_ATTRIBUTES = (
    "groups",
    "memberOf",
    "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups",
    "http://schemas.xmlsoap.org/claims/Group",
)

_Error = OneLogin_Saml2_ValidationError
_EXPIRED = {_Error.ASSERTION_EXPIRED, _Error.ASSERTION_TOO_EARLY, _Error.SESSION_EXPIRED}
_FOR_ANOTHER = {
    _Error.WRONG_AUDIENCE: "audience",
    _Error.WRONG_DESTINATION: "destination",
    _Error.EMPTY_DESTINATION: "destination",
    _Error.WRONG_ISSUER: "issuer",
    _Error.WRONG_SUBJECTCONFIRMATION: "recipient",
    _Error.SP_NAME_QUALIFIER_NAME_MISMATCH: "qualifier",
}
_UNSIGNED = {_Error.NO_SIGNED_ASSERTION, _Error.NO_SIGNATURE_FOUND}
_BADLY_SIGNED = {
    _Error.INVALID_SIGNATURE,
    _Error.DEPRECATED_SIGNATURE_METHOD,
    _Error.DEPRECATED_DIGEST_METHOD,
    _Error.WRONG_SIGNED_ELEMENT,
    _Error.DUPLICATED_ID_IN_SIGNED_ELEMENTS,
    _Error.INVALID_SIGNED_ELEMENT,
    _Error.DUPLICATED_REFERENCE_IN_SIGNED_ELEMENTS,
    _Error.UNEXPECTED_SIGNED_ELEMENTS,
    _Error.WRONG_NUMBER_OF_SIGNATURES_IN_RESPONSE,
    _Error.WRONG_NUMBER_OF_SIGNATURES_IN_ASSERTION,
    _Error.WRONG_NUMBER_OF_SIGNATURES,
}
_TRANSIENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
_IS_ADDRESS = {
    "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
    "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified",
    None,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """We and the provider, as one connection knows both. Our addresses are its own."""

    settings: SamlSettings
    base_url: str  # …/sso/{connection}
    signing_key: str  # PEM
    certificate: str  # PEM

    @property
    def entity_id(self) -> str:
        return f"{self.base_url}/metadata"

    @property
    def acs_url(self) -> str:
        return f"{self.base_url}/acs"

    @property
    def sls_url(self) -> str:
        return f"{self.base_url}/sls"


@dataclass(frozen=True, slots=True, kw_only=True)
class Believed:
    """An answer that holds, and what must not come again before `until`."""

    asserted: Asserted
    assertion_id: str
    until: datetime


def new_key(name: str, *, now: datetime) -> tuple[str, str]:
    """Return a private key and its certificate, both PEM; for one connection."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + KEY_LIFETIME)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return private.decode(), certificate.public_bytes(serialization.Encoding.PEM).decode()


def fetch_metadata(url: str) -> str:
    """Raises: ProviderNotUsable, ProviderUnreachable."""
    if (fault := find_fault(url)) is not None:
        raise ProviderNotUsable(f"The metadata's address cannot be used: {fault}")
    outcome = outbound.get(url, max_answer_bytes=MAX_METADATA_BYTES)
    if not outcome.ok:
        raise ProviderUnreachable(
            "The provider did not send its metadata.", status=outcome.status, error=outcome.error
        )
    try:
        return outcome.answer.decode()
    except UnicodeDecodeError:
        raise ProviderNotUsable("What stands at the metadata's address is no metadata.") from None


def read_metadata(xml: str) -> dict[str, Any]:
    """
    Return what of SamlSettings stands in the provider's metadata.

    Raises: ProviderNotUsable.
    """
    try:
        found = OneLogin_Saml2_IdPMetadataParser.parse(xml.encode())
    except (OneLogin_Saml2_Error, etree.LxmlError, ValueError, TypeError):
        found = {}
    provider = found.get("idp") or {}
    many = provider.get("x509certMulti") or {}
    certificates = [provider["x509cert"]] if "x509cert" in provider else many.get("signing", [])
    read = {
        "entity_id": provider.get("entityId", ""),
        "sso_url": provider.get("singleSignOnService", {}).get("url", ""),
        "slo_url": provider.get("singleLogoutService", {}).get("url", ""),
        "certificates": [as_certificate(each) for each in certificates],
    }
    if not (read["entity_id"] and read["sso_url"] and read["certificates"]):
        raise ProviderNotUsable(
            "The metadata names no identity provider with a sign-in address (HTTP-Redirect) and a"
            " certificate."
        )
    for name in ("sso_url", "slo_url"):
        if read[name] and (fault := find_fault(read[name])) is not None:
            raise ProviderNotUsable(f"The provider's {name} cannot be used: {fault}", field=name)
    return read


def as_certificate(text: str) -> str:
    """
    Return a certificate, given as PEM or base64, as base64 of DER.

    Raises: ProviderNotUsable.
    """
    return base64.b64encode(_load(text).public_bytes(serialization.Encoding.DER)).decode()


def certificate_end(certificate: str) -> datetime:
    """Return until when the certificate says it is valid; for people, signatures ignore it."""
    return _load(certificate).not_valid_after_utc


def _load(text: str) -> x509.Certificate:
    inner = "".join(line for line in text.splitlines() if not line.startswith("-----"))
    try:
        certificate = x509.load_der_x509_certificate(base64.b64decode(inner))
        key = certificate.public_key()
    except (ValueError, binascii.Error):
        raise ProviderNotUsable("This is not a certificate.") from None
    if isinstance(key, rsa.RSAPublicKey) and key.key_size < 2048:
        raise ProviderNotUsable("The certificate's key is shorter than 2,048 bits.")
    return certificate


def our_metadata(party: Party) -> str:
    """Return what the provider needs to know of us, as XML."""
    made = OneLogin_Saml2_Settings(_library_settings(party), sp_validation_only=True)
    metadata = made.get_sp_metadata()
    return metadata.decode() if isinstance(metadata, bytes) else str(metadata)


def begin(party: Party) -> tuple[str, str]:
    """Return where the browser goes, and the id of the request that its answer must name."""
    auth = _auth(party, party.acs_url)
    # Its RelayState means nothing to us; an empty one some providers leave out of what they sign.
    url = auth.login(return_to=party.base_url)
    return str(url), str(auth.get_last_request_id())


def read(party: Party, encoded: str) -> OneLogin_Saml2_Response:
    """Return the response, not judged yet. Raises: AnswerNotValid."""
    if len(encoded) > MAX_RESPONSE_LENGTH:
        raise AnswerNotValid("The provider's answer is too large.", reason="too_large")
    try:
        return OneLogin_Saml2_Response(_settings(party), encoded)
    except (*_LIBRARY_FAULTS, OneLogin_Saml2_Error, _Error):
        raise _malformed() from None


# What xmlsec, lxml and the library raise for bytes that are no SAML; whatever it is, it is refused.
_LIBRARY_FAULTS = (
    etree.LxmlError,
    binascii.Error,
    AttributeError,
    IndexError,
    KeyError,
    TypeError,
    ValueError,
)


def _malformed() -> AnswerNotValid:
    return AnswerNotValid("The provider's answer is no SAML response.", reason="malformed")


def answers(response: OneLogin_Saml2_Response) -> str | None:
    """Return the id of the request that the response claims to answer, or None."""
    named = response.get_in_response_to()
    return str(named) if named else None


def judge(party: Party, response: OneLogin_Saml2_Response, *, request_id: str | None) -> Believed:
    """
    Return what the response says, when it is genuine, for us, fresh, and of this very sign-in.

    `request_id` None: begun by the provider. Whether it came before is the caller's to look up.
    Raises: a SignInRefused.
    """
    try:
        response.is_valid(_request(party.acs_url), request_id=request_id, raise_exceptions=True)
        until = _hold_to_spec(party, response, request_id)
        asserted = _asserted(party.settings, response)
        return Believed(
            asserted=asserted, assertion_id=str(response.get_assertion_id()), until=until
        )
    except _Error as error:
        raise _refusal(error, response) from None
    except (*_LIBRARY_FAULTS, OneLogin_Saml2_Error):
        raise _malformed() from None


def _hold_to_spec(
    party: Party, response: OneLogin_Saml2_Response, request_id: str | None
) -> datetime:
    """
    Refuse what the library lets pass; return until when the assertion may be believed.

    SECURITY: only the assertion is sure to be signed. What stands around it may be an attacker's,
    so the request that it answers, for whom and until when count from inside of it.
    """
    if party.entity_id not in response.get_audiences():
        raise AnswerForAnother("The provider's answer is for another service.", reason="audience")
    document = response.get_xml_document()
    if document.get("Destination") not in (None, party.acs_url):
        raise AnswerForAnother("This answer is for another address.", reason="destination")
    for data in OneLogin_Saml2_XML.query(
        document,
        "/samlp:Response/saml:Assertion/saml:Subject/saml:SubjectConfirmation"
        f"[@Method='{Constants.CM_BEARER}']/saml:SubjectConfirmationData",
    ):
        ends = data.get("NotOnOrAfter")
        if data.get("Recipient") != party.acs_url or not ends:
            continue
        if data.get("InResponseTo") != request_id:
            continue
        until = OneLogin_Saml2_Utils.parse_SAML_to_time(ends)
        return datetime.fromtimestamp(until, UTC) + timedelta(seconds=2 * CLOCK_SKEW_SECONDS)
    raise AttemptNotValid("The provider's answer does not belong to this sign-in.")


def _refusal(error: OneLogin_Saml2_ValidationError, response: object) -> SignInRefused:
    code = error.code
    if code in _EXPIRED:
        return AnswerExpired("The provider's answer is too old, or not valid yet.")
    if code == _Error.WRONG_SUBJECTCONFIRMATION and _is_over(response):
        return AnswerExpired("The provider's answer is too old.")
    if code in _FOR_ANOTHER:
        return AnswerForAnother(
            "The provider's answer is for another service.", reason=_FOR_ANOTHER[code]
        )
    if code == _Error.WRONG_INRESPONSETO:
        return AttemptNotValid("The provider's answer does not belong to this sign-in.")
    if code in _UNSIGNED:
        return AnswerNotValid("The provider's assertion is not signed.", reason="not_signed")
    if code in _BADLY_SIGNED:
        return AnswerNotValid(
            "The provider's answer is not signed by one of its certificates.", reason="signature"
        )
    if code == _Error.STATUS_CODE_IS_NOT_SUCCESS:
        return ProviderRefused("The provider did not let you sign in.", error="status")
    return _malformed()


def _is_over(response: Any) -> bool:
    """Say whether all that is wrong is the time; for the words of the refusal only."""
    ends = [
        each.get("NotOnOrAfter")
        for each in OneLogin_Saml2_XML.query(
            response.get_xml_document(), "//saml:SubjectConfirmationData"
        )
    ]
    now = OneLogin_Saml2_Utils.now()
    try:
        return any(end and OneLogin_Saml2_Utils.parse_SAML_to_time(end) <= now for end in ends)
    except ValueError:
        return False


def _asserted(settings: SamlSettings, response: OneLogin_Saml2_Response) -> Asserted:
    attributes: dict[str, list[Any]] = response.get_attributes()
    name_id = response.get_nameid_data() or {}
    subject, form = name_id.get("Value") or "", name_id.get("Format")
    if form == _TRANSIENT:
        raise AnswerNotValid(
            "The provider names you anew each time (a transient name id). It must send one that"
            " stays.",
            reason="subject_transient",
        )
    if not 0 < len(subject) <= MAX_SUBJECT_LENGTH:
        raise AnswerNotValid("The provider named no subject.", reason="subject_missing")
    emails = _values(attributes, settings.email_attribute, EMAIL_ATTRIBUTES)
    email = as_email(emails[0]) if emails else ""
    if not email and not settings.email_attribute and form in _IS_ADDRESS:
        email = as_email(subject)
    names = _values(attributes, settings.name_attribute, NAME_ATTRIBUTES)
    return Asserted(
        subject=subject,
        email=email,
        email_confirmed=None,
        name=str(names[0]).strip()[:120] if names else "",
        groups=as_groups(_values(attributes, settings.groups_attribute, GROUPS_ATTRIBUTES)),
        claims={"NameID": subject, "NameID format": form, **attributes},
        sign_out={
            "name_id": subject,
            "name_id_format": form or "",
            "session_index": response.get_session_index() or "",
        },
    )


def _values(attributes: Mapping[str, list[Any]], set_by_admin: str, usual: Iterable[str]) -> Any:
    for name in [set_by_admin] if set_by_admin else usual:
        if attributes.get(name):
            return attributes[name]
    return []


def sign_out_url(party: Party, sign_out: Mapping[str, str]) -> str | None:
    """Return where the provider's own session is ended, or None when it offers no such place."""
    if not party.settings.slo_url:
        return None
    url = _auth(party, party.sls_url).logout(
        return_to=party.base_url,
        name_id=sign_out.get("name_id") or None,
        session_index=sign_out.get("session_index") or None,
        name_id_format=sign_out.get("name_id_format") or None,
    )
    return str(url)


def answer_sign_out(party: Party, query: Mapping[str, str], raw_query: str) -> str:
    """
    Judge the provider's wish to end a session of ours; return where its confirmation goes.

    Raises: AnswerNotValid for what the provider did not sign.
    """
    auth = OneLogin_Saml2_Auth(
        {**_request(party.sls_url), "get_data": dict(query), "query_string": raw_query},
        _library_settings(party, messages_signed=True),
    )
    try:
        url = auth.process_slo(keep_local_session=True)
    except (*_LIBRARY_FAULTS, OneLogin_Saml2_Error, _Error):
        raise _malformed() from None
    if auth.get_errors() or not url:
        raise AnswerNotValid("The provider did not sign this sign-out.", reason="signature")
    return str(url)


def _auth(party: Party, url: str) -> OneLogin_Saml2_Auth:
    return OneLogin_Saml2_Auth(_request(url), _library_settings(party))


def _settings(party: Party) -> OneLogin_Saml2_Settings:
    return OneLogin_Saml2_Settings(_library_settings(party))


def _request(url: str) -> dict[str, Any]:
    """Describe a request by our own address, never by its Host header."""
    parts = urlsplit(url)
    return {
        "https": "on" if parts.scheme == "https" else "off",
        "http_host": parts.netloc,
        "script_name": "",
        "path_info": parts.path,
        "get_data": {},
        "post_data": {},
        "query_string": "",
        "validate_signature_from_qs": True,
    }


def _library_settings(party: Party, *, messages_signed: bool = False) -> dict[str, Any]:
    provider: dict[str, Any] = {
        "entityId": party.settings.entity_id,
        "singleSignOnService": {"url": party.settings.sso_url},
        "x509certMulti": {"signing": list(party.settings.certificates)},
    }
    if party.settings.slo_url:
        provider["singleLogoutService"] = {"url": party.settings.slo_url}
    return {
        "strict": True,
        "debug": False,
        "sp": {
            "entityId": party.entity_id,
            "assertionConsumerService": {
                "url": party.acs_url,
                "binding": Constants.BINDING_HTTP_POST,
            },
            "singleLogoutService": {
                "url": party.sls_url,
                "binding": Constants.BINDING_HTTP_REDIRECT,
            },
            "NameIDFormat": "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified",
            "x509cert": party.certificate,
            "privateKey": party.signing_key,
        },
        "idp": provider,
        "security": {
            "wantAssertionsSigned": True,
            "wantMessagesSigned": messages_signed,
            "wantNameId": True,
            "wantAttributeStatement": False,
            "rejectDeprecatedAlgorithm": True,
            "requestedAuthnContext": False,
            "allowRepeatAttributeName": True,
            "authnRequestsSigned": party.settings.sign_requests,
            "logoutRequestSigned": True,
            "logoutResponseSigned": True,
            "signatureAlgorithm": Constants.RSA_SHA256,
            "digestAlgorithm": Constants.SHA256,
        },
    }
