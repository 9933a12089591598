/** Middlewares without types of their own. */
declare module 'express-fileupload'
declare module 'multer'
