"""
Who is it and what may they do in a workspace: all of it in one round trip.

Invoked as the caller's role: row security holds inside as it does outside. The variables are set
for these statements and then given back.
"""

from django.db import migrations

RESOLVE = """
CREATE FUNCTION tenancy_resolve(
    asking_user uuid, asking_service uuid, named_id uuid, named_slug text, key_hash text,
    moment timestamptz
) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    was_workspace text := coalesce(current_setting('app.workspace', true), '');
    was_key text := coalesce(current_setting('app.key_hash', true), '');
    place uuid := named_id;
    holder uuid := asking_user;
    service uuid := asking_service;
    person json;
    of_key json;
    found json;
BEGIN
    IF key_hash IS NOT NULL THEN
        PERFORM set_config('app.key_hash', key_hash, true);
        SELECT k.workspace_id, k.created_by_id, k.service_account_id, json_build_object(
                'id', k.id, 'name', k.name, 'scopes', k.scopes, 'role', k.role, 'pool', k.pool,
                'user_id', k.created_by_id, 'of_service', k.service_account_id IS NOT NULL)
            INTO place, holder, service, of_key
            FROM tenancy_apikey AS k
            WHERE k.secret_hash = key_hash AND k.revoked_at IS NULL
                AND (k.expires_at IS NULL OR k.expires_at > moment);
        IF service IS NOT NULL THEN
            holder := NULL;
        END IF;
        IF of_key IS NULL THEN
            SELECT k.workspace_id, json_build_object('run_id', k.run_id, 'epoch', k.epoch)
                INTO place, of_key
                FROM tenancy_runkey AS k
                WHERE k.secret_hash = key_hash AND k.revoked_at IS NULL
                    AND (k.expires_at IS NULL OR k.expires_at > moment);
            holder := NULL;
        END IF;
        PERFORM set_config('app.key_hash', was_key, true);
        IF of_key IS NULL THEN
            RETURN NULL;
        END IF;
    ELSIF place IS NULL THEN
        SELECT w.id INTO place FROM tenancy_workspace AS w WHERE w.slug = named_slug;
    END IF;
    IF holder IS NOT NULL THEN
        SELECT json_build_object('id', u.id, 'email', u.email, 'name', u.name,
                'password', CASE WHEN key_hash IS NULL THEN u.password END)
            INTO person FROM identity_user AS u WHERE u.id = holder AND u.is_active;
    END IF;
    PERFORM set_config('app.workspace', coalesce(place::text, ''), true);
    SELECT json_build_object(
        'workspace', json_build_object('id', w.id, 'slug', w.slug, 'name', w.name,
            'created_at', w.created_at, 'archived_at', w.archived_at,
            'delete_after', w.delete_after),
        'account', json_build_object('id', a.id, 'name', a.name, 'created_at', a.created_at,
            'archived_at', a.archived_at, 'delete_after', a.delete_after,
            'require_mfa', a.require_mfa, 'sso_required', a.sso_required,
            'networks', a.allowed_networks),
        'limits', (SELECT row_to_json(l) FROM tenancy_workspacelimits AS l
            WHERE l.workspace_id = w.id),
        'member', CASE WHEN m.id IS NOT NULL
            THEN json_build_object('id', m.id, 'role', m.role) END,
        'service', s.id,
        'teams', mine.teams,
        'grants', (SELECT json_agg(json_build_object('role', r.role, 'name', c.name,
                'scopes', c.scopes, 'team', r.team_id))
            FROM tenancy_roleassignment AS r
            LEFT JOIN tenancy_customrole AS c ON c.id = r.custom_role_id
            WHERE r.workspace_id = w.id AND (r.member_id = m.id
                OR r.team_id = ANY (mine.teams) OR r.service_account_id = s.id)),
        'rules', (SELECT json_agg(json_build_array(o.object_kind, o.object_id, o.scope,
                o.member_id, o.team_id, o.service_account_id))
            FROM tenancy_objectrule AS o
            WHERE o.workspace_id = w.id AND (m.role IS DISTINCT FROM 'OWNER'))
        ) INTO found
        FROM tenancy_workspace AS w
        JOIN tenancy_account AS a ON a.id = w.account_id
        LEFT JOIN tenancy_member AS m ON m.account_id = a.id AND m.deactivated_at IS NULL
            AND m.user_id = (person ->> 'id')::uuid
        LEFT JOIN tenancy_serviceaccount AS s ON s.account_id = a.id AND s.id = service
            AND s.disabled_at IS NULL
        CROSS JOIN LATERAL (SELECT array(SELECT t.team_id FROM tenancy_teammember AS t
            WHERE t.member_id = m.id) AS teams) AS mine
        WHERE w.id = place;
    PERFORM set_config('app.workspace', was_workspace, true);
    RETURN json_build_object('person', person, 'key', of_key, 'found', found)::text;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("tenancy", "0009_audit_streams")]
    operations = [
        migrations.RunSQL(
            RESOLVE, "DROP FUNCTION tenancy_resolve(uuid, uuid, uuid, text, text, timestamptz)"
        )
    ]
