//! What the document says of one route, as the route table carries it.

use utoipa::__dev::{SchemaReferences, Tags};
use utoipa::openapi::path::{Operation as Described, OperationBuilder, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::openapi::{ContentBuilder, HeaderBuilder, Ref, RefOr, Required, ResponseBuilder};
use utoipa::{Path, ToSchema};

/// What the document says of one route, and the schemas that it names.
pub struct Operation {
    /// Parameters, body, answers.
    pub described: Described,
    /// By name.
    pub schemas: Vec<(String, RefOr<Schema>)>,
    /// Where the attribute that describes a handler says it stands; a test holds it to the table.
    pub stands: Option<String>,
}

/// What `#[utoipa::path]` says of a handler: by the same traits as the library's own list of handlers.
pub fn of<P: Path + SchemaReferences + for<'t> Tags<'t>>() -> Operation {
    let mut schemas = Vec::new();
    P::schemas(&mut schemas);
    let methods: Vec<_> = P::methods().into_iter().map(|method| serde_json::to_value(method).unwrap_or_default()).collect();
    let method = methods.first().and_then(|method| method.as_str()).unwrap_or_default().to_uppercase();
    let mut described = P::operation();
    described.tags = Some(P::tags().into_iter().map(str::to_owned).collect());
    Operation { described, schemas, stands: Some(format!("{method} {}", P::path())) }
}

impl Operation {
    /// One of the directory, of which nothing is said yet but what it does. Each parameter of the path is the key of something.
    pub fn of_directory(summary: String, path: &str) -> Self {
        let mut described = OperationBuilder::new().summary(Some(summary)).tag("Directory").build();
        let names = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
        let parameters: Vec<Parameter> =
            names.map(|name| text(name, ParameterIn::Path, &format!("Key of the {name}")).required(Required::True).build()).collect();
        described.parameters = (!parameters.is_empty()).then_some(parameters);
        Self { described, schemas: Vec::new(), stands: None }
    }

    /// A header that may be sent.
    #[must_use]
    pub fn header(mut self, name: &str, about: &str) -> Self {
        self.described.parameters.get_or_insert_default().push(text(name, ParameterIn::Header, about).required(Required::False).build());
        self
    }

    /// Parameters that are described elsewhere.
    #[must_use]
    pub fn with<P: utoipa::IntoParams>(mut self) -> Self {
        self.described.parameters.get_or_insert_default().extend(P::into_params(|| Some(ParameterIn::Query)));
        self
    }

    /// A body of these types; its schema goes by its name.
    #[must_use]
    pub fn takes(mut self, types: &[&str], name: String, schema: RefOr<Schema>) -> Self {
        let content = || ContentBuilder::new().schema(Some(Ref::from_schema_name(&name))).build();
        let body = types.iter().fold(RequestBodyBuilder::new().required(Some(Required::True)), |body, kind| body.content(*kind, content()));
        self.described.request_body = Some(body.build());
        self.schemas.push((name, schema));
        self
    }

    /// An answer with a body, whose schema goes by this name.
    #[must_use]
    pub fn answers<T: ToSchema>(mut self, status: &str, name: &str, about: &str, tagged: bool) -> Self {
        let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(name))).build();
        let mut response = ResponseBuilder::new().description(about).content("application/json", content);
        if tagged {
            let tag = HeaderBuilder::new().description(Some("For `If-Match` and `If-None-Match`"));
            response = response.header("ETag", tag.schema(ObjectBuilder::new().schema_type(Type::String)).build());
        }
        self.described.responses.responses.insert(status.to_owned(), response.build().into());
        self.schemas.push((name.to_owned(), T::schema()));
        T::schemas(&mut self.schemas);
        self
    }

    /// An answer without a body, or a failure.
    #[must_use]
    pub fn says(mut self, status: &str, about: &str) -> Self {
        let mut response = ResponseBuilder::new().description(about);
        if status.starts_with('4') {
            let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
            response = response.content("application/problem+json", content);
        }
        self.described.responses.responses.insert(status.to_owned(), response.build().into());
        self
    }
}

fn text(name: &str, place: ParameterIn, about: &str) -> ParameterBuilder {
    let schema = ObjectBuilder::new().schema_type(Type::String);
    ParameterBuilder::new().name(name).parameter_in(place).description(Some(about)).schema(Some(schema))
}
