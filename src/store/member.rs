//! Members of workspaces, and the people they are.

use super::credential::NewCredential;
use super::{Answer, Credential};
use crate::auth::{Actor, KeyHash, Role, WorkspaceId};
use crate::domain::{Events, UnixMs, fold};

/// Members of one workspace at most.
pub const MEMBERS_MAX: usize = 10_000;

/// One member of a workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its number.
    pub number: i64,
    /// Where.
    pub workspace: WorkspaceId,
    /// Number of the person.
    pub person: i64,
    /// Their email.
    pub email: String,
    /// What people call them; may be empty.
    pub name: String,
    /// The language that they read, as in `de`.
    pub language: Option<String>,
    /// What they are.
    pub role: Role,
    /// The events that exist for them.
    pub events: Events,
    /// When they were invited.
    pub created_at: UnixMs,
    /// When they came; none while they are only invited.
    pub joined_at: Option<UnixMs>,
    /// When they last did anything, to the minute.
    pub used_at: Option<UnixMs>,
    /// True where they sign in with a second factor.
    pub has_second: bool,
}

/// Somebody who signs in by themselves: one email of the server.
#[derive(Debug, Clone)]
pub struct Person {
    /// Their number.
    pub number: i64,
    /// Their email.
    pub email: String,
    /// Their password, as an Argon2id PHC string; none while they have not chosen one.
    pub password: Option<String>,
    /// Their second factor.
    pub second: Option<Second>,
    /// What they are, where: only those that they have joined, the one that was used last first.
    pub memberships: Vec<Member>,
}

/// A second factor: a secret that an app makes codes from (RFC 6238).
#[derive(Clone, PartialEq, Eq)]
pub struct Second {
    /// The secret.
    pub secret: Vec<u8>,
    /// The newest step of 30 s of which a code was used: none is good twice.
    pub used: i64,
    /// SHA-256 of the recovery codes that are left, in hexadecimal.
    pub recovery: Vec<String>,
}

impl std::fmt::Debug for Second {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Second {{ used: {}, recovery: {} }}", self.used, self.recovery.len())
    }
}

/// Somebody who is to become a member.
#[derive(Debug, Clone)]
pub struct NewMember {
    /// Their email.
    pub email: String,
    /// What people call them; empty leaves what is known.
    pub name: String,
    /// What they are to be.
    pub role: Role,
    /// The events that are to exist for them.
    pub events: Events,
}

/// What came of an invitation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Invited {
    /// Invited, or invited again.
    Made(Box<Member>),
    /// They are a member already.
    There(Box<Member>),
    /// There are as many as there may be.
    Full,
}

/// What is to be changed of a member; none is left as it is.
#[derive(Debug, Clone, Default)]
pub struct MemberChange {
    /// What people call them.
    pub name: Option<String>,
    /// The language that they read.
    pub language: Option<Option<String>>,
    /// What they are.
    pub role: Option<Role>,
    /// The events that exist for them.
    pub events: Option<Events>,
}

/// What came of a change of a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MemberChanged {
    /// It is so; these of their sessions are to be looked at anew.
    Changed(Box<Member>, Vec<i64>),
    /// There is no such member.
    Unknown,
    /// They are the last owner.
    LastOwner,
}

/// What somebody says of themselves when they follow an invitation or a reset.
#[derive(Debug, Clone, Default)]
pub struct Joining {
    /// Their email, where the invitation is for whoever comes first.
    pub email: Option<String>,
    /// What people call them.
    pub name: Option<String>,
    /// The hash of the password that they chose.
    pub password: Option<String>,
}

/// What came of following an invitation or a reset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Joined {
    /// They are a member; these sessions of before have ended.
    Member(Box<Member>, Vec<i64>),
    /// It is unknown, used or too old.
    Unknown,
    /// It is for whoever comes first, and who that is was not said.
    NoEmail,
    /// Somebody of that email is known here and has a password.
    Known,
}

/// How an email is compared.
pub fn folded_email(email: &str) -> String {
    fold(email.trim()).into_owned()
}

/// Members of workspaces, and people.
pub trait Members: Send + Sync + 'static {
    /// The members of a workspace, by email, invited ones included.
    fn members(&self, workspace: WorkspaceId) -> Answer<'_, Vec<Member>>;
    /// One of them.
    fn member(&self, workspace: WorkspaceId, number: i64) -> Answer<'_, Option<Member>>;
    /// Makes somebody an invited member, with the credential of the invitation, which is told whose it is. Invited again, what was
    /// sent before ends.
    fn invite(&self, workspace: WorkspaceId, new: NewMember, invitation: NewCredential, by: Actor) -> Answer<'_, Invited>;
    /// Changes a member. Their sessions go on by what they may do now.
    fn change_member(&self, workspace: WorkspaceId, number: i64, change: MemberChange, by: Actor) -> Answer<'_, MemberChanged>;
    /// Takes a member away: all of their sessions and invitations end.
    fn remove_member(&self, workspace: WorkspaceId, number: i64, by: Actor) -> Answer<'_, MemberChanged>;
    /// The person of an email. A look-up without a workspace, as it is what finds one.
    fn person(&self, email: &str) -> Answer<'_, Option<Person>>;
    /// The person that a member is.
    fn person_of(&self, workspace: WorkspaceId, member: i64) -> Answer<'_, Option<Person>>;
    /// Uses up an invitation or a reset.
    fn join(&self, hash: KeyHash, joining: Joining, now: UnixMs) -> Answer<'_, Joined>;
    /// Gives somebody another password; all of their sessions but one end, and these are told.
    fn set_password(&self, person: i64, password: String, but: i64, now: UnixMs) -> Answer<'_, Vec<i64>>;
    /// Gives somebody a second factor, or none. `None` where it is another than `was`.
    fn set_second(&self, person: i64, was: Option<Second>, second: Option<Second>) -> Answer<'_, Option<()>>;
    /// Takes note that somebody was here: by this session, which lasts until then.
    fn seen(&self, workspace: WorkspaceId, member: i64, session: i64, now: UnixMs, until: UnixMs) -> Answer<'_, ()>;
    /// Sessions that are open, newest first: of this member, or of all.
    fn sessions(&self, workspace: WorkspaceId, member: Option<i64>, now: UnixMs) -> Answer<'_, Vec<Credential>>;
}
