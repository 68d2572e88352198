//! Members and people. Their changes are paid in transactions of their own, with the row of the audit beside them.

use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, Connection as _, FromRow};

use super::SqliteStore;
use super::audit;
use super::keyring::{CredentialRow, insert_credential, select};
use crate::auth::{Actor, KeyHash, Operator, Role, WorkspaceId};
use crate::domain::{Events, UnixMs};
use crate::store::{
    Answer, Credential, Invited, Joined, Joining, MEMBERS_MAX, Member, MemberChange, MemberChanged, Members, NewCredential, NewMember,
    Person, Second, StoreError, folded_email,
};

/// How the audit calls them.
const KIND: &str = "member";

/// Members that are there, with the people they are.
const MEMBERS: &str =
    "select m.id, m.workspace_id, m.person, p.email, p.name, p.language, m.role, m.events, m.created_at, m.joined_at, m.used_at,
    p.second is not null as has_second from members m join people p on p.id = m.person where m.removed_at is null and ";

#[derive(Debug, FromRow)]
struct MemberRow {
    id: i64,
    workspace_id: i64,
    person: i64,
    email: String,
    name: String,
    language: Option<String>,
    role: String,
    events: Option<String>,
    created_at: i64,
    joined_at: Option<i64>,
    used_at: Option<i64>,
    has_second: bool,
}

#[derive(FromRow)]
struct PersonRow {
    id: i64,
    email: String,
    password: Option<String>,
    second: Option<Vec<u8>>,
    second_used: Option<i64>,
    recovery: Option<String>,
    workspace_id: Option<i64>,
}

impl MemberRow {
    fn member(self) -> Member {
        Member {
            number: self.id,
            workspace: Operator::assume().workspace(self.workspace_id),
            person: self.person,
            email: self.email,
            name: self.name,
            language: self.language,
            // A word that is unknown reaches the least.
            role: Role::parse(&self.role).unwrap_or(Role::Viewer),
            events: Events::from_text(self.events.as_deref()),
            created_at: UnixMs(self.created_at),
            joined_at: self.joined_at.map(UnixMs),
            used_at: self.used_at.map(UnixMs),
            has_second: self.has_second,
        }
    }
}

fn members(condition: &str) -> AssertSqlSafe<String> {
    AssertSqlSafe(format!("{MEMBERS}{condition}"))
}

async fn find(connection: &mut SqliteConnection, workspace: WorkspaceId, number: i64) -> Result<Option<Member>, StoreError> {
    let row: Option<MemberRow> =
        sqlx::query_as(members("m.workspace_id = ? and m.id = ?")).bind(workspace.number()).bind(number).fetch_optional(connection).await?;
    Ok(row.map(MemberRow::member))
}

/// True where a workspace has an owner of everything beside this member, who has come.
async fn has_other_owner(connection: &mut SqliteConnection, workspace: WorkspaceId, number: i64) -> Result<bool, StoreError> {
    let sql = "select exists (select 1 from members where workspace_id = ? and id <> ? and role = 'owner' and joined_at is not null
        and removed_at is null)";
    Ok(sqlx::query_scalar(sql).bind(workspace.number()).bind(number).fetch_one(connection).await?)
}

/// Ends credentials of members: the numbers of those that this ended.
async fn end(connection: &mut SqliteConnection, condition: &str, bound: &[i64], now: UnixMs) -> Result<Vec<i64>, StoreError> {
    let sql = format!(
        "with recursive made (id) as (
             select id from credentials where revoked_at is null and taken_at is null and {condition}
             union select c.id from made join credentials c on c.parent = made.id),
         next (number) as (select coalesce(max(revocation), 0) + 1 from credentials where revocation is not null)
         update credentials set revoked_at = ?1, ends_at = ?1, revocation = (select number from next)
         where id in (select id from made) and revoked_at is null returning id"
    );
    let mut query = sqlx::query_scalar(AssertSqlSafe(sql)).bind(now.0);
    for number in bound {
        query = query.bind(*number);
    }
    Ok(query.fetch_all(connection).await?)
}

/// What the sessions of a member opened is to be looked at anew, by every process on this database: they go on.
async fn look_anew(connection: &mut SqliteConnection, member: i64) -> Result<Vec<i64>, StoreError> {
    let sql = "update credentials set revocation = (select coalesce(max(revocation), 0) + 1 from credentials where revocation is not null)
        where member = ? and kind = 'session' and revoked_at is null returning id";
    Ok(sqlx::query_scalar(sql).bind(member).fetch_all(connection).await?)
}

/// The person of an email, made where there is none.
async fn person_number(connection: &mut SqliteConnection, email: &str, name: &str, now: UnixMs) -> Result<i64, StoreError> {
    let sql = "insert into people (email, folded, name, created_at) values (?1, ?2, ?3, ?4)
        on conflict (folded) do update set name = case when people.name = '' then excluded.name else people.name end returning id";
    Ok(sqlx::query_scalar(sql).bind(email.trim()).bind(folded_email(email)).bind(name).bind(now.0).fetch_one(connection).await?)
}

async fn has_password(connection: &mut SqliteConnection, email: &str) -> Result<bool, StoreError> {
    let sql = "select exists (select 1 from people where folded = ? and password is not null)";
    Ok(sqlx::query_scalar(sql).bind(folded_email(email)).fetch_one(connection).await?)
}

impl SqliteStore {
    async fn people(&self, condition: &'static str, bound: String) -> Result<Option<Person>, StoreError> {
        let sql = format!("select id, email, password, second, second_used, recovery, workspace_id from people where {condition}");
        let row: Option<PersonRow> = sqlx::query_as(AssertSqlSafe(sql)).bind(bound).fetch_optional(&self.inner.apart).await?;
        let Some(row) = row else { return Ok(None) };
        let rows: Vec<MemberRow> =
            sqlx::query_as(members("m.person = ?1 and m.joined_at is not null order by m.workspace_id is not ?2, m.used_at desc, m.id"))
                .bind(row.id)
                .bind(row.workspace_id)
                .fetch_all(&self.inner.apart)
                .await?;
        let recovery = row.recovery.unwrap_or_default().lines().map(str::to_owned).collect();
        let second = row.second.map(|secret| Second { secret, used: row.second_used.unwrap_or(0), recovery });
        let memberships = rows.into_iter().map(MemberRow::member).collect();
        Ok(Some(Person { number: row.id, email: row.email, password: row.password, second, memberships }))
    }
}

impl Members for SqliteStore {
    fn members(&self, workspace: WorkspaceId) -> Answer<'_, Vec<Member>> {
        Box::pin(async move {
            let rows: Vec<MemberRow> = sqlx::query_as(members("m.workspace_id = ? order by p.folded"))
                .bind(workspace.number())
                .fetch_all(&self.inner.apart)
                .await?;
            Ok(rows.into_iter().map(MemberRow::member).collect())
        })
    }

    fn member(&self, workspace: WorkspaceId, number: i64) -> Answer<'_, Option<Member>> {
        Box::pin(async move {
            let mut connection = self.inner.apart.acquire().await?;
            find(&mut connection, workspace, number).await
        })
    }

    fn invite(&self, workspace: WorkspaceId, new: NewMember, invitation: NewCredential, by: Actor) -> Answer<'_, Invited> {
        Box::pin(async move {
            let now = self.inner.clock.now();
            let mut writer = self.inner.writer.lock().await;
            let mut transaction = writer.connection().await?.begin().await?;
            let person = person_number(&mut transaction, &new.email, &new.name, now).await?;
            let there: Option<MemberRow> = sqlx::query_as(members("m.workspace_id = ? and m.person = ?"))
                .bind(workspace.number())
                .bind(person)
                .fetch_optional(&mut *transaction)
                .await?;
            let (number, action) = match there.map(MemberRow::member) {
                Some(there) if there.joined_at.is_some() => return Ok(Invited::There(Box::new(there))),
                Some(there) => {
                    sqlx::query("update members set role = ?, events = ? where id = ?")
                        .bind(new.role.as_str())
                        .bind(new.events.to_text())
                        .bind(there.number)
                        .execute(&mut *transaction)
                        .await?;
                    end(&mut transaction, "member = ?2 and kind = 'invitation'", &[there.number], now).await?;
                    (there.number, audit::Action::Changed)
                }
                None => {
                    let count: i64 = sqlx::query_scalar("select count(*) from members where workspace_id = ? and removed_at is null")
                        .bind(workspace.number())
                        .fetch_one(&mut *transaction)
                        .await?;
                    if usize::try_from(count).unwrap_or(usize::MAX) >= MEMBERS_MAX {
                        return Ok(Invited::Full);
                    }
                    let sql = "insert into members (workspace_id, person, role, events, created_at) values (?, ?, ?, ?, ?) returning id";
                    let number: i64 = sqlx::query_scalar(sql)
                        .bind(workspace.number())
                        .bind(person)
                        .bind(new.role.as_str())
                        .bind(new.events.to_text())
                        .bind(now.0)
                        .fetch_one(&mut *transaction)
                        .await?;
                    (number, audit::Action::Made)
                }
            };
            insert_credential(&mut transaction, workspace, NewCredential { member: Some(number), ..invitation }).await?;
            audit::note(&mut transaction, workspace, now, by, action, KIND, number, "role,events").await?;
            let made = find(&mut transaction, workspace, number).await?;
            transaction.commit().await?;
            made.map(|member| Invited::Made(Box::new(member)))
                .ok_or_else(|| StoreError::Corrupt("a member that was made is gone".to_owned()))
        })
    }

    fn change_member(&self, workspace: WorkspaceId, number: i64, change: MemberChange, by: Actor) -> Answer<'_, MemberChanged> {
        Box::pin(async move {
            let now = self.inner.clock.now();
            let mut writer = self.inner.writer.lock().await;
            let mut transaction = writer.connection().await?.begin().await?;
            let Some(was) = find(&mut transaction, workspace, number).await? else { return Ok(MemberChanged::Unknown) };
            let is = Member {
                role: change.role.unwrap_or(was.role),
                events: change.events.unwrap_or_else(|| was.events.clone()),
                name: change.name.unwrap_or_else(|| was.name.clone()),
                language: change.language.unwrap_or_else(|| was.language.clone()),
                ..was.clone()
            };
            let steps_down = was.role == Role::Owner && was.joined_at.is_some() && is.role != Role::Owner;
            if steps_down && !has_other_owner(&mut transaction, workspace, number).await? {
                return Ok(MemberChanged::LastOwner);
            }
            let fields = [
                ("role", was.role != is.role),
                ("events", was.events != is.events),
                ("name", was.name != is.name),
                ("language", was.language != is.language),
            ];
            let fields: Vec<_> = fields.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect();
            if fields.is_empty() {
                return Ok(MemberChanged::Changed(Box::new(is), Vec::new()));
            }
            sqlx::query("update members set role = ?, events = ? where id = ?")
                .bind(is.role.as_str())
                .bind(is.events.to_text())
                .bind(number)
                .execute(&mut *transaction)
                .await?;
            sqlx::query("update people set name = ?, language = ? where id = ?")
                .bind(&is.name)
                .bind(&is.language)
                .bind(is.person)
                .execute(&mut *transaction)
                .await?;
            let reaches = fields.iter().any(|name| matches!(*name, "role" | "events"));
            let anew = if reaches { look_anew(&mut transaction, number).await? } else { Vec::new() };
            audit::note(&mut transaction, workspace, now, by, audit::Action::Changed, KIND, number, &fields.join(",")).await?;
            transaction.commit().await?;
            Ok(MemberChanged::Changed(Box::new(is), anew))
        })
    }

    fn remove_member(&self, workspace: WorkspaceId, number: i64, by: Actor) -> Answer<'_, MemberChanged> {
        Box::pin(async move {
            let now = self.inner.clock.now();
            let mut writer = self.inner.writer.lock().await;
            let mut transaction = writer.connection().await?.begin().await?;
            let Some(was) = find(&mut transaction, workspace, number).await? else { return Ok(MemberChanged::Unknown) };
            let is_owner = was.role == Role::Owner && was.joined_at.is_some();
            if is_owner && !has_other_owner(&mut transaction, workspace, number).await? {
                return Ok(MemberChanged::LastOwner);
            }
            sqlx::query("update members set removed_at = ? where id = ?").bind(now.0).bind(number).execute(&mut *transaction).await?;
            let ended = end(&mut transaction, "member = ?2", &[number], now).await?;
            audit::note(&mut transaction, workspace, now, by, audit::Action::Removed, KIND, number, "").await?;
            transaction.commit().await?;
            Ok(MemberChanged::Changed(Box::new(was), ended))
        })
    }

    fn person(&self, email: &str) -> Answer<'_, Option<Person>> {
        let folded = folded_email(email);
        Box::pin(async move { self.people("folded = ?", folded).await })
    }

    fn person_of(&self, workspace: WorkspaceId, member: i64) -> Answer<'_, Option<Person>> {
        Box::pin(async move {
            let Some(found) = Members::member(self, workspace, member).await? else { return Ok(None) };
            self.people("id = cast(? as integer)", found.person.to_string()).await
        })
    }

    fn join(&self, hash: KeyHash, joining: Joining, now: UnixMs) -> Answer<'_, Joined> {
        Box::pin(async move {
            let mut writer = self.inner.writer.lock().await;
            let mut transaction = writer.connection().await?.begin().await?;
            // One statement: of two that come at once, the second finds it taken.
            let sql = "update credentials set taken_at = ?1, ends_at = ?1 where hash = ?2 and kind in ('invitation', 'reset')
                and taken_at is null and revoked_at is null and (expires_at is null or expires_at > ?1)
                returning workspace_id, member, kind";
            let taken: Option<(i64, Option<i64>, String)> =
                sqlx::query_as(sql).bind(now.0).bind(hash.0.to_vec()).fetch_optional(&mut *transaction).await?;
            // What returns from here on without a commit leaves it as it was.
            let Some((workspace, member, kind)) = taken else { return Ok(Joined::Unknown) };
            let workspace = Operator::assume().workspace(workspace);
            let number = match (member, &joining.email) {
                (Some(number), _) => number,
                (None, None) => return Ok(Joined::NoEmail),
                (None, Some(email)) => {
                    // Of the links of several first starts one makes the owner: the others are good for nothing then.
                    let there: bool =
                        sqlx::query_scalar("select exists (select 1 from members where workspace_id = ? and joined_at is not null)")
                            .bind(workspace.number())
                            .fetch_one(&mut *transaction)
                            .await?;
                    if there {
                        return Ok(Joined::Unknown);
                    }
                    if has_password(&mut transaction, email).await? {
                        return Ok(Joined::Known);
                    }
                    let person = person_number(&mut transaction, email, "", now).await?;
                    let sql = "insert into members (workspace_id, person, role, created_at) values (?, ?, 'owner', ?)
                        on conflict (workspace_id, person) where removed_at is null do update set role = 'owner', events = null returning id";
                    sqlx::query_scalar(sql).bind(workspace.number()).bind(person).bind(now.0).fetch_one(&mut *transaction).await?
                }
            };
            let Some(found) = find(&mut transaction, workspace, number).await? else { return Ok(Joined::Unknown) };
            let mut ended = Vec::new();
            if found.joined_at.is_none() {
                sqlx::query("update members set joined_at = ? where id = ?").bind(now.0).bind(number).execute(&mut *transaction).await?;
                audit::note(&mut transaction, workspace, now, Actor::Member(number), audit::Action::Changed, KIND, number, "joined_at")
                    .await?;
            }
            if let Some(name) = joining.name {
                sqlx::query("update people set name = ? where id = ?").bind(name).bind(found.person).execute(&mut *transaction).await?;
            }
            if let Some(password) = joining.password {
                // An invitation gives a password to who has none; only a reset takes the place of one.
                let sql = "update people set password = ?1 where id = ?2 and (?3 or password is null)";
                let reset = kind == "reset";
                sqlx::query(sql).bind(password).bind(found.person).bind(reset).execute(&mut *transaction).await?;
                if reset {
                    let of_person = "member in (select id from members where person = ?2) and kind in ('session', 'reset')";
                    ended = end(&mut transaction, of_person, &[found.person], now).await?;
                }
            }
            let joined = find(&mut transaction, workspace, number).await?;
            transaction.commit().await?;
            Ok(joined.map_or(Joined::Unknown, |member| Joined::Member(Box::new(member), ended)))
        })
    }

    fn set_password(&self, person: i64, password: String, but: i64, now: UnixMs) -> Answer<'_, Vec<i64>> {
        Box::pin(async move {
            let mut writer = self.inner.writer.lock().await;
            let mut transaction = writer.connection().await?.begin().await?;
            sqlx::query("update people set password = ? where id = ?").bind(password).bind(person).execute(&mut *transaction).await?;
            let others = "member in (select id from members where person = ?2) and kind in ('session', 'reset') and id <> ?3";
            let ended = end(&mut transaction, others, &[person, but], now).await?;
            transaction.commit().await?;
            Ok(ended)
        })
    }

    fn set_second(&self, person: i64, was: Option<Second>, second: Option<Second>) -> Answer<'_, Option<()>> {
        Box::pin(async move {
            let mut writer = self.inner.writer.lock().await;
            let lines = |of: &Option<Second>| of.as_ref().map(|second| second.recovery.join("\n"));
            // Only over what was looked at: a code that is used by two at once is good for one.
            let sql = "update people set second = ?1, second_used = ?2, recovery = ?3
                where id = ?4 and second is ?5 and second_used is ?6 and recovery is ?7";
            let changed = sqlx::query(sql)
                .bind(second.as_ref().map(|second| second.secret.clone()))
                .bind(second.as_ref().map(|second| second.used))
                .bind(lines(&second))
                .bind(person)
                .bind(was.as_ref().map(|second| second.secret.clone()))
                .bind(was.as_ref().map(|second| second.used))
                .bind(lines(&was))
                .execute(writer.connection().await?)
                .await?;
            Ok((changed.rows_affected() > 0).then_some(()))
        })
    }

    fn seen(&self, workspace: WorkspaceId, member: i64, session: i64, now: UnixMs, until: UnixMs) -> Answer<'_, ()> {
        Box::pin(async move {
            let mut writer = self.inner.writer.lock().await;
            let mut transaction = writer.connection().await?.begin().await?;
            sqlx::query("update members set used_at = ? where id = ? and workspace_id = ?")
                .bind(now.0)
                .bind(member)
                .bind(workspace.number())
                .execute(&mut *transaction)
                .await?;
            let sql = "update credentials set used_at = ?1, expires_at = ?2, ends_at = ?2 where id = ?3 and kind = 'session' and revoked_at is null";
            sqlx::query(sql).bind(now.0).bind(until.0).bind(session).execute(&mut *transaction).await?;
            let sql = "update people set workspace_id = ?1 where id = (select person from members where id = ?2)";
            sqlx::query(sql).bind(workspace.number()).bind(member).execute(&mut *transaction).await?;
            transaction.commit().await?;
            Ok(())
        })
    }

    fn sessions(&self, workspace: WorkspaceId, member: Option<i64>, now: UnixMs) -> Answer<'_, Vec<Credential>> {
        Box::pin(async move {
            let sql = "workspace_id = ?1 and kind = 'session' and member is not null and (?2 is null or member = ?2) and revoked_at is null
                and (expires_at is null or expires_at > ?3) order by id desc";
            let rows: Vec<CredentialRow> =
                sqlx::query_as(select(sql)).bind(workspace.number()).bind(member).bind(now.0).fetch_all(&self.inner.apart).await?;
            rows.into_iter().map(CredentialRow::credential).collect()
        })
    }
}
